// The access map: every account by its place in the organization, and who has
// which permission set there now.
import { h, fill, patch, byId, until } from "./dom.js";
import { shared } from "./api.js";

let query = "", only = false;
const words = { pending: "in the config repo, not there", undeclared: "not in the config repo" };

export function renderMap() {
  const map = shared.world.access;
  const fresh = map.accounts.flatMap((a) => a.assignments).filter((x) => x.new).length;
  byId("count-map").hidden = fresh === 0;
  byId("count-map").textContent = fresh;
  const panel = byId("panel-map");
  fill(panel, "map", skeleton);
  fill(byId("map-note"), JSON.stringify([map.problems, map.phase, map.commit]), () => note(map));
  const groups = new Map();
  for (const a of map.accounts.filter(wanted)) groups.set(a.ou, [...(groups.get(a.ou) || []), a]);
  byId("map-none").hidden = groups.size > 0;
  const ous = [...groups].sort(([a], [b]) => (a === "/") - (b === "/") || (b.startsWith("/Workloads") - a.startsWith("/Workloads"))); // the root last
  patch(byId("map-body"), ous, ([ou]) => ou, ([, list]) => JSON.stringify(list) + beat(list), ([ou, list]) =>
    h("section", { class: "ou" }, h("h3", { class: "ou-name" }, path(ou)), list.map(account)));
}

// beat makes accounts with countdowns draw anew as these move on: each minute,
// in the last ten minutes every ten seconds.
function beat(list) {
  const left = Math.min(...list.flatMap((a) => a.assignments).filter((x) => x.end).map((x) => new Date(x.end) - Date.now()));
  return left === Infinity ? 0 : Math.floor(Date.now() / (left < 6e5 ? 1e4 : 6e4));
}

const text = (a) => [a.name, a.id, a.ou, ...(a.owners || []), ...a.assignments.flatMap((x) => [x.principal, x.permission_set])].join(" ").toLowerCase();
const changed = (a) => a.assignments.some((x) => x.new || x.state !== "live");
const wanted = (a) => (!only || changed(a)) && text(a).includes(query);

function skeleton() {
  return [
    h("div", { class: "panel-head" }, h("h2", {}, "Access map"), h("span", { class: "muted", id: "map-note" })),
    h("div", { class: "bar" },
      h("input", { id: "map-query", type: "search", placeholder: "Account, group, permission set", "aria-label": "Filter the map", oninput: (ev) => ((query = ev.target.value.toLowerCase().trim()), renderMap()) }),
      h("label", { class: "choice" }, h("input", { type: "checkbox", id: "map-changed", onchange: (ev) => ((only = ev.target.checked), renderMap()) }), "What changed")),
    h("div", { id: "map-body" }), h("div", { class: "empty", id: "map-none" }, h("p", {}, "Nothing fits."))];
}

function note(map) {
  return map.problems
    ? h("span", { class: "bad-text", title: map.problems }, "the newest commit is not valid; compared with the one before, which the bot may not have in force")
    : ["phase " + map.phase + " · compared with the head of the branch, ", h("code", {}, map.commit.slice(0, 7)), ", which the bot may not have in force"];
}

const path = (ou) => (ou === "/" ? "Root" : ou.slice(1).split("/").flatMap((p, i) => (i ? [h("span", { class: "sep" }, "›"), p] : [p])));

function account(a) {
  const about = a.management ? "management account" : !a.slug ? "no file in the config repo" : a.stage === "legacy" ? "legacy: not on SSO yet" : "";
  return h("div", { class: "card account" + (a.stage === "legacy" || !a.slug ? " faint" : ""), dataset: { account: a.id } },
    h("div", { class: "account-head" }, h("b", {}, a.name), h("code", { class: "muted" }, a.id),
      a.state !== "ACTIVE" && h("span", { class: "label bad" }, a.state.toLowerCase()), about && h("span", { class: "label" }, about),
      h("span", { class: "tags" }, Object.entries(a.tags || {}).map(([k, v]) => h("span", { class: "tag" }, k + ": " + v)))),
    a.assignments.length ? h("div", { class: "rows" }, a.assignments.map(row)) : null);
}

const strength = (set) => (/Administrator/.test(set) ? "high" : /Power/.test(set) ? "middle" : "low");

function row(x) {
  return h("div", { class: "row " + x.state + (x.new ? " new" : ""), dataset: { principal: x.principal, set: x.permission_set, state: x.state } },
    h("span", { class: "set " + strength(x.permission_set) }, x.permission_set),
    h("span", { class: "principal" }, x.principal, x.kind === "user" ? h("span", { class: "muted" }, " · one person") : x.state !== "pending" && h("span", { class: "muted" }, " · " + x.members + (x.members === 1 ? " member" : " members"))),
    h("span", { class: "row-end" },
      x.end && h("span", { class: "ends", title: new Date(x.end).toLocaleString() }, until(x.end)),
      words[x.state] && h("span", { class: "label " + x.state }, words[x.state]),
      x.new && x.state === "live" && h("span", { class: "label new" }, "new")));
}
