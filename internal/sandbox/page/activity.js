// What went over the wire, newest first: the bot's requests to the emulators,
// what Slack and GitHub sent to the bot, and what Entra provisioned.
import { h, fill, patch, byId, timeSecs } from "./dom.js";
import { shared, get } from "./api.js";

const services = [["", "All"], ["slack", "Slack"], ["github", "GitHub"], ["graph", "Entra"], ["aws", "AWS"], ["bot", "To the bot"]];
const names = { slack: "Slack", github: "GitHub", graph: "Entra", login: "Entra", aws: "AWS", bot: "to bot", scim: "SCIM" };
const shown = 200;
let service = "", reads = false, last = 0, entries = [], loading = false;

// isRead tells requests that change nothing.
const isRead = (e) => e.read ?? (e.service === "aws" ? /^(List|Describe|Get|AssumeRole|Is)/.test(e.op) : e.service === "login" || e.method === "GET" || /^(conversations|users|auth|team)\./.test(e.op));

// load fetches the journal's new entries, without bodies.
async function load() {
  if (loading || shared.world.journal <= last) return;
  loading = true;
  try {
    const r = await get("journal?bodies=false&after=" + last);
    for (const e of r.entries) entries.push({ ...e, id: "j" + e.seq, at: e.time });
    if (r.entries.length) last = r.entries.at(-1).seq;
    entries = entries.slice(-5000);
  } finally {
    loading = false;
  }
  renderActivity();
}

function all() {
  const w = shared.world;
  const slack = (w.slack.deliveries || []).map((d, i) => ({
    id: "s" + d.time + i, at: d.time, service: "bot", op: "Slack: " + d.kind, caller: "Slack", status: d.status || d.error, request: d.request, response: d.response, read: d.kind === "options",
  }));
  const hooks = (w.github.deliveries || []).map((d) => ({
    id: "h" + d.id, at: d.at, service: "bot", op: "webhook: " + d.event + (d.action ? "." + d.action : ""), caller: "GitHub", status: d.code || d.status, request: d.status, read: false,
  }));
  const scim = w.graph.job.log.map((l) => ({
    id: "p" + l.id, at: l.time, service: "scim", op: l.action + " " + l.kind.toLowerCase() + " " + l.source_name, caller: "Entra", status: l.status, request: l.reason || l.code || "", read: false,
  }));
  return [...entries, ...slack, ...hooks, ...scim].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

const fits = (e) => (reads || !isRead(e)) && (!service || e.service === service || (service === "graph" && (e.service === "login" || e.service === "scim")));

export function renderActivity() {
  const panel = byId("panel-activity");
  fill(panel, "activity", skeleton);
  if (panel.hidden) return;
  load();
  for (const b of panel.querySelectorAll(".chip")) b.setAttribute("aria-pressed", String(b.dataset.service === service));
  const list = all().filter(fits).slice(0, shown);
  byId("no-activity").hidden = list.length > 0;
  patch(byId("entries"), list, (e) => e.id, (e) => e.id, entry);
}

function skeleton() {
  return [
    h("div", { class: "panel-head" }, h("h2", {}, "Activity"), h("span", { class: "muted" }, "every request, newest first")),
    h("div", { class: "bar wrap" }, services.map(([key, name]) => h("button", { class: "chip", dataset: { service: key }, onclick: () => ((service = key), renderActivity()) }, name)),
      h("label", { class: "choice" }, h("input", { type: "checkbox", onchange: (ev) => ((reads = ev.target.checked), renderActivity()) }), "Reads too")),
    h("div", { class: "entries", id: "entries" }), h("div", { class: "empty", id: "no-activity" }, h("p", {}, "Nothing yet."))];
}

// short leaves out the part of a path that all operations of a service share.
const short = (op) => op.replace(/\/servicePrincipals\/\{id\}(\/synchronization)?\//, "…/").replace("/repos/{owner}/{repo}/", "…/");

const bad = (s) => (typeof s === "number" ? s >= 400 : !["success", "skipped", ""].includes(s));

function entry(e) {
  const detail = h("div", { class: "entry-detail" });
  return h("details", {
    class: "entry",
    ontoggle: async (ev) => {
      if (!ev.target.open || detail.childElementCount) return;
      let full = e;
      if (e.seq) full = (await get("journal?limit=1&after=" + (e.seq - 1))).entries[0] || e;
      detail.append(...bodies(full));
    },
  },
    h("summary", {}, h("time", {}, timeSecs(e.at)), h("span", { class: "service " + e.service }, names[e.service] || e.service),
      h("span", { class: "op", title: e.op }, short(e.op)), e.fault && h("span", { class: "label bad" }, e.fault), h("span", { class: "code" + (bad(e.status) ? " bad-text" : "") }, String(e.status))),
    detail);
}

function bodies(e) {
  const part = (title, text) => text && [h("div", { class: "muted" }, title), h("pre", { class: "code" }, pretty(text))];
  return [h("div", { class: "muted" }, [e.caller && "by " + e.caller, e.path && e.method + " " + e.path].filter(Boolean).join(" · ")),
    ...[part(e.seq ? "Request" : "Sent", e.request), part("Answer", e.response)].filter(Boolean).flat()];
}

// pretty lays out JSON, and forms with JSON in them.
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    if (!/^[\w.]+=[^\s]*$/.test(text)) return text;
    return [...new URLSearchParams(text)].map(([k, v]) => k + ": " + pretty(v)).join("\n");
  }
}
