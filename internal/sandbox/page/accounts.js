// The organization: its tree of accounts, the accounts outside, what waits for
// an answer, and the IAM users in each account. Here one plays their owners.
import { h, fill, patch, byId, span, when } from "./dom.js";
import { shared } from "./api.js";
import { acting } from "./acting.js";
import { users, usage } from "./users.js";

const { act } = acting("accounts-status");
const week = 7 * 864e5;

export function renderAccounts() {
  const aws = shared.world.aws, waiting = aws.handshakes.filter((x) => !x.over);
  byId("count-accounts").hidden = waiting.length === 0;
  byId("count-accounts").textContent = waiting.length;
  const panel = byId("panel-accounts");
  fill(panel, "accounts", skeleton);
  if (panel.hidden) return;
  fill(byId("accounts-note"), JSON.stringify([aws.organization_id, aws.feature_set, aws.accounts.length, aws.quota]), () => note(aws));
  const shakes = [...aws.handshakes].reverse();
  byId("shakes-none").hidden = shakes.length > 0;
  patch(byId("shakes"), shakes, (x) => x.id, (x) => JSON.stringify(x) + Math.floor(Date.now() / 6e4), handshake);
  const files = new Map(shared.world.access.accounts.map((a) => [a.id, a]));
  const view = (a) => ({ ...a, file: files.get(a.id), users: aws.iam.find((x) => x.account === a.id)?.users || [], waits: waiting.find((x) => x.account === a.id) });
  const sig = (a) => JSON.stringify([a, aws.ous, a.users.filter((u) => usage(u) > Date.now() - week).length]);
  patch(byId("tree"), tree(aws), (n) => n.path, (n) => n.path, (n) => unit(n));
  for (const n of tree(aws)) patch(byId("in-" + n.path), n.accounts.map(view), (a) => a.id, sig, account);
  patch(byId("outside"), aws.outside.map(view), (a) => a.id, sig, account);
}

// tree is the root and the units in the order of a tree, with their accounts.
function tree(aws) {
  const by = Map.groupBy(aws.accounts, (a) => a.ou);
  return ["/", ...aws.ous].map((path) => ({ path, depth: path === "/" ? 0 : path.split("/").length - 1, accounts: by.get(path) || [] }));
}

function skeleton() {
  return [
    h("div", { class: "panel-head" }, h("h2", {}, "Accounts"), h("span", { class: "muted", id: "accounts-note" })),
    h("p", { id: "accounts-status", role: "status", class: "muted" }),
    h("h3", { class: "part" }, "Invitations"),
    h("div", { class: "shakes", id: "shakes" }), h("p", { class: "muted", id: "shakes-none" }, "Nobody has been invited yet."),
    h("h3", { class: "part" }, "The organization"), h("div", { id: "tree" }),
    h("h3", { class: "part" }, "Outside of it"), h("div", { id: "outside" })];
}

const note = (aws) => [h("code", {}, aws.organization_id), " · ", aws.feature_set === "ALL" ? "all features" : "consolidated billing only", " · " + aws.accounts.length + " of " + aws.quota + " accounts"];

const names = { INVITE: "invited", APPROVE_ALL_FEATURES: "asked to approve all features", ENABLE_ALL_FEATURES: "all features, for the management account to finish" };
const looks = { REQUESTED: "pending", OPEN: "pending", ACCEPTED: "new", DECLINED: "bad", EXPIRED: "bad" };

function handshake(x) {
  const known = [...shared.world.aws.accounts, ...shared.world.aws.outside].find((a) => a.id === x.account);
  const left = new Date(x.expires) - Date.now();
  const owner = x.action !== "ENABLE_ALL_FEATURES";
  const times = x.over ? "since " + when(x.over) : "sent " + when(x.sent) + " · expires in " + span(left);
  return h("div", { class: "card shake", dataset: { handshake: x.id, state: x.state } },
    h("div", { class: "shake-head" }, h("b", {}, known ? known.name : x.target || "management"), known && h("code", { class: "muted" }, known.id),
      h("span", { class: "label " + (looks[x.state] || "") }, x.state.toLowerCase())),
    h("div", { class: "muted" }, names[x.action] + (x.target.includes("@") ? " by e-mail, " : ", ") + times),
    !x.over && h("div", { class: "buttons" },
      owner && known && h("button", { class: "button good", onclick: act("aws/owner", { account: known.id, answer: "accept" }, "The owner of " + known.name + " accepted.") }, "Accept as its owner"),
      owner && known && h("button", { class: "button", onclick: act("aws/owner", { account: known.id, answer: "decline" }, "The owner of " + known.name + " declined.") }, "Decline"),
      h("button", { class: "button", onclick: act("aws/handshake", { id: x.id, do: "expire" }, "Its time has run out.") }, "Let it expire"),
      h("button", { class: "button", onclick: act("aws/handshake", { id: x.id, do: "cancel" }, "The management account took it back.") }, "Take it back")));
}


function unit(n) {
  const el = h("section", { class: "unit" }, h("h4", { class: "unit-name" }, n.path === "/" ? "Root" : n.path.split("/").at(-1)), h("div", { id: "in-" + n.path }));
  el.style.setProperty("--depth", n.depth);
  return el;
}

// account is one account that opens; what was open stays so.
function account(a, was) {
  const recent = a.users.filter((u) => usage(u) > Date.now() - week).length;
  return h("details", { class: "card holding", open: Boolean(was?.open), dataset: { holding: a.id } },
    h("summary", {}, h("b", {}, a.name), h("code", { class: "muted" }, a.id), labels(a),
      a.users.length > 0 && h("span", { class: "muted right" }, a.users.length + (a.users.length === 1 ? " IAM user" : " IAM users") + (recent ? ", " + recent + " used this week" : ""))),
    h("div", { class: "holding-body" },
      h("p", { class: "muted" }, about(a)),
      a.users.length > 0 && users(a, act),
      a.id === shared.world.aws.management_account ? null : h("div", { class: "buttons" }, a.ou ? inside(a) : outside(a), more(a))));
}

function labels(a) {
  const w = shared.world, member = Boolean(a.ou);
  const stage = a.id === w.aws.management_account ? "management" : a.file?.stage || (member && "no file");
  return [
    a.state !== "ACTIVE" && h("span", { class: "label bad" }, a.state.toLowerCase().replace("_", " ")),
    stage && h("span", { class: "label stage " + stage.replace(" ", "-") }, stage),
    a.organization && h("span", { class: "label" }, "in " + a.organization),
    a.waits && h("span", { class: "label pending" }, "waits for its owner")];
}

function about(a) {
  const owners = a.file?.owners?.length ? " Owned by " + a.file.owners.join(", ") + "." : "";
  if (!a.ou) return a.email + ". " + (a.organization ? "A member of another organization." : "On its own, with its own bill.");
  const tags = Object.entries(a.tags || {}).map(([k, v]) => k + ": " + v).join(", ");
  return a.email + ". " + (a.method === "INVITED" ? "Invited" : "Made here") + ", a member since " + when(a.joined) + "." + (tags ? " Tags " + tags + "." : "") + owners;
}

function inside(a) {
  const to = h("select", { "aria-label": "Move " + a.name + " to", onchange: (ev) => act("aws/account", { id: a.id, ou: ev.target.value }, a.name + " is in " + ev.target.value + " now, moved by hand.")() },
    ["/", ...shared.world.aws.ous].map((ou) => h("option", { value: ou, selected: ou === a.ou }, ou === "/" ? "Root" : ou)));
  return [h("label", { class: "choice" }, "OU ", to), states(a),
    h("button", { class: "button", onclick: act("aws/account", { id: a.id, leave: true }, a.name + " has left the organization.") }, "Leave")];
}

const more = (a) => h("button", {
  class: "button", onclick: act("aws/iam/users", { account: a.id, user: "temp-" + (a.users.length + 1), password: true, keys: 1 }, a.name + " has one more IAM user."),
}, "Add an IAM user");

const states = (a) => (a.state === "ACTIVE"
  ? [["suspended", "Suspend"], ["closed", "Close"]] : [["active", "Make it active again"]])
  .map(([state, label]) => h("button", { class: "button", onclick: act("aws/account", { id: a.id, state }, a.name + " is " + state + " now.") }, label));

const outside = (a) => [
  !a.waits && h("button", { class: "button", onclick: act("aws/invite", { account: a.id }, a.name + " was invited in the console.") }, "Invite by hand"), states(a)];
