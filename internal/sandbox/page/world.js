// What an operator of the sandbox does: look at the provisioning job, and make
// things go wrong.
import { h, fill, byId, timeSecs, span } from "./dom.js";
import { shared } from "./api.js";
import { acting } from "./acting.js";

export function renderWorld() {
  const panel = byId("panel-world");
  fill(panel, "world", skeleton);
  if (panel.hidden) return;
  const w = shared.world, job = w.graph.job;
  fill(byId("job"), JSON.stringify([job.status, job.last_cycle, job.quarantine, Math.ceil((new Date(job.next_cycle) - Date.now()) / 10000)]), () => jobCard(job));
  byId("never").checked = job.never_honour;
  byId("drop").checked = w.github.dropping_webhooks;
  byId("token").checked = w.aws.scim_tokens.length === 0;
  fill(byId("places"), JSON.stringify([w.url, w.tls_url, w.bot_url, w.speed]), () => places(w));
}

function jobCard(job) {
  const last = job.last_cycle, left = new Date(job.next_cycle) - Date.now();
  return [
    h("p", {}, "Entra writes users and groups to AWS in cycles. ", job.schedule === "Active" ? (left > 0 ? "The next one comes in " + span(left) + "." : "The next one is due.") : "The job is " + job.schedule.toLowerCase() + "."),
    last && h("p", { class: "muted" }, "The last one, at " + timeSecs(last.ended) + ", wrote " + last.exported + " objects" + (last.escrowed ? "; AWS refused " + last.escrowed + " (a user without a surname)" : "") + "."),
    job.quarantine && h("p", { class: "bad-text" }, "In quarantine: " + job.quarantine)];
}

const places = (w) => [["This page and the control API", w.url], ["Microsoft login and Graph", w.tls_url], ["The bot", w.bot_url || "not running"], ["Speed", w.speed + "×"]]
  .map(([name, value]) => h("div", { class: "place" }, h("span", { class: "muted" }, name), h("code", {}, value)));

const { say, act } = acting("world-status");

function toggle(id, label, path, body) {
  const box = h("input", { type: "checkbox", id, onchange: (ev) => act(path, body(ev.target.checked), label + (ev.target.checked ? ": on" : ": off"))() });
  return h("label", { class: "choice wide" }, box, label);
}

function skeleton() {
  return [
    h("div", { class: "panel-head" }, h("h2", {}, "World"), h("span", { class: "muted" }, "what goes on behind, and how to break it")),
    h("div", { class: "card pad" }, h("h3", {}, "Provisioning"), h("div", { id: "job" }),
      h("div", { class: "buttons" }, h("button", { class: "button", id: "cycle", onclick: act("graph/cycle", {}, "The cycle has run.") }, "Run the cycle now"))),
    h("div", { class: "card pad" }, h("h3", {}, "Make trouble"),
      toggle("drop", "GitHub loses every webhook", "github/webhooks", (on) => ({ drop: on })),
      toggle("never", "Provisioning on demand never works: only the cycle does", "graph/options", (on) => ({ never_honour: on })),
      toggle("token", "The SCIM token has expired", "aws/scim-token", (on) => ({ valid: !on })),
      h("div", { class: "buttons" },
        h("button", { class: "button", onclick: act("aws/fail-next", { reason: "Internal error, try again." }, "The next assignment in AWS will fail.") }, "Fail the next assignment"),
        h("button", { class: "button", onclick: act("aws/lose-next", {}, "The next assignment in AWS will be reported as made, and not be there.") }, "Lose the next assignment"),
        h("button", { class: "button", onclick: act("faults", { name: "Slack is down", service: "slack", status: 503, times: 5 }, "The bot's next five calls to Slack will fail.") }, "Slack fails five times"),
        h("button", { class: "button", onclick: clearFaults }, "Clear faults"))),
    h("div", { class: "card pad" }, h("h3", {}, "Somebody works by hand"),
      h("div", { class: "buttons" },
        h("button", { class: "button", onclick: act("aws/assignments", { account: "payments-prod", permission_set: "PowerUserAccess", group: "aws-orders-dev" }, "Somebody assigned PowerUserAccess in payments-prod to aws-orders-dev in the AWS console.") }, "Assign in the AWS console"),
        h("button", { class: "button", onclick: act("as/ken/github/direct-push", () => ({ files: { "NOTE.md": "Pushed past the review at " + new Date().toISOString() + ".\n" }, message: "note" }), "Ken pushed to main without a review: the bot halts.") }, "Ken pushes to main"),
        h("button", { class: "button", onclick: act("graph/members", { group: "aws-payments-dev", person: "olga" }, "Olga is a member of aws-payments-dev now.") }, "Olga joins aws-payments-dev"))),
    h("p", { id: "world-status", role: "status", class: "muted" }),
    h("div", { class: "card pad", id: "places" })];
}

async function clearFaults() {
  const res = await fetch("/sandbox/faults", { method: "DELETE" });
  say(res.ok ? "No faults are waiting any more." : "The faults could not be cleared.", !res.ok);
}
