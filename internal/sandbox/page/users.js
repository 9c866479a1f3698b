// The IAM users of an account, each with what it was used for last. Here one
// plays them.
import { h, when } from "./dom.js";

const at = (t) => (t ? new Date(t).getTime() : 0);

// usage is when a user was last seen, by password or key; zero for never.
export const usage = (u) => Math.max(at(u.password?.last_used), ...(u.keys || []).map((k) => at(k.last_used)), 0);

const used = (x) => (x.last_used ? "used " + when(x.last_used) : "never used");

export function users(a, act) {
  return h("div", { class: "users" }, a.users.map((u) => row(a, u, act)));
}

function row(a, u, act) {
  const play = (path, more, done) => act("aws/iam/" + path, { account: a.id, user: u.name, ...more }, u.name + " " + done);
  const keys = u.keys || [], first = keys.findIndex((k) => !k.inactive);
  return h("div", { class: "user", dataset: { user: u.name } },
    h("div", {}, h("b", {}, u.name), u.mfa && h("span", { class: "muted" }, " MFA"), u.path !== "/" && h("div", { class: "muted" }, u.path)),
    h("div", { class: u.password ? "" : "muted" }, u.password ? "password " + used(u.password) : "no password"),
    h("div", {}, keys.length ? keys.map(key) : h("span", { class: "muted" }, "no keys")),
    h("div", { class: "user-do" },
      u.password && h("button", { class: "quiet", onclick: play("use", {}, "signed in to the console.") }, "Sign in"),
      first >= 0 && h("button", { class: "quiet", onclick: play("use", { service: "s3", key: first + 1 }, "called S3 with an access key.") }, "Use key"),
      h("button", { class: "quiet", onclick: play("users", { remove: true }, "is deleted.") }, "Delete")));
}

const key = (k) => h("div", { class: k.inactive ? "muted" : "" }, (k.inactive ? "inactive key " : "key ") + used(k), k.service && h("span", { class: "muted" }, " " + k.service));
