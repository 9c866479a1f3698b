// The Slack-like left half: channels, messages, composer and modals.
import { h, patch, fill, byId, avatar, time, date } from "./dom.js";
import { shared, me, as } from "./api.js";
import { blocks, mrkdwn, inputs, userName } from "./blockkit.js";

const topics = { C0AWS: "Ask for AWS access here", C0OPS: "What the bot tells the platform team", C0GEN: "Everything else" };
const commands = [
  ["/aws-access request", "ask for access with a form"],
  ["/aws-access request payments-dev PowerUserAccess for aws-payments-dev 4h ", "in one line; add a reason"],
  ["/aws-onboard 333344443333", "bring an AWS account in"],
  ["/aws-access status", "your requests"],
  ["/aws-access whoami", "who the bot thinks you are"],
  ["/aws-access cli", "a ~/.aws/config for all that you may use"],
  ["/aws-access help", "everything the bot can do"],
];
const guide = [
  ["hana", "C0AWS", "/aws-access request payments-dev PowerUserAccess for aws-payments-support 4h looking into the refund bug", "Ask in one line"],
  ["hana", "C0AWS", "/aws-access request", "Ask by form"],
  ["hana", "C0AWS", "/aws-access request payments-prod AdministratorAccess for aws-payments-dev 2h broken migration", "Ask for too much"],
  ["hana", "C0AWS", "/aws-access help", "Help"],
];

let room = "C0AWS", sending = false;
const drafts = new Map(), seen = new Map(), closed = new Set();
const draftKey = () => shared.me + "/" + room;

export function openRoom(id) {
  drafts.set(draftKey(), byId("composer").value);
  room = id;
  byId("composer").value = drafts.get(draftKey()) || "";
  shared.render();
  byId("messages").scrollTop = byId("messages").scrollHeight;
}

// beforeSwitch keeps what the person who leaves has typed.
export function beforeSwitch() {
  drafts.set(draftKey(), byId("composer").value);
}

export function afterSwitch() {
  if (!visible(shared.world.slack.channels.find((c) => c.id === room))) room = "C0AWS";
  byId("composer").value = drafts.get(draftKey()) || "";
  grow();
}

const visible = (c) => c && (c.is_im || c.is_private ? c.members.includes(me().slack) : true);

export function renderChat() {
  const channels = shared.world.slack.channels.filter(visible);
  const row = (c) => [c.id, c.id === room, unread(c), c.members.length];
  const link = (c) => h("button", {
    class: "rail-link" + (c.id === room ? " at" : "") + (unread(c) ? " unread" : ""), "aria-current": c.id === room ? "true" : null,
    dataset: { channel: c.id }, onclick: () => openRoom(c.id),
  }, h("span", { class: "rail-mark" }, c.is_im ? "●" : "#"), c.is_im ? "aws-access" : c.name);
  patch(byId("channels"), channels.filter((c) => !c.is_im), (c) => c.id, (c) => JSON.stringify(row(c)), link);
  const dms = channels.filter((c) => c.is_im);
  byId("dm-title").hidden = dms.length === 0;
  patch(byId("dms"), dms, (c) => c.id, (c) => JSON.stringify(row(c)), link);
  const here = channels.find((c) => c.id === room) || channels[0];
  renderRoom(here);
  renderModal();
}

const newest = (c) => [...c.messages, ...(c.ephemeral[me().slack] || [])].reduce((t, m) => Math.max(t, Number(m.latest_reply || m.ts)), 0);
const unread = (c) => c.id !== room && newest(c) > (seen.get(shared.me + c.id) ?? newestAtStart(c));

function newestAtStart(c) {
  const t = newest(c);
  seen.set(shared.me + c.id, t);
  return t;
}

function renderRoom(c) {
  seen.set(shared.me + c.id, newest(c));
  showGuide();
  byId("room-name").textContent = c.is_im ? "aws-access" : "#" + c.name;
  byId("room-topic").textContent = c.is_im ? "Only you and the bot" : topics[c.id] || "";
  byId("composer").placeholder = c.id === "C0AWS" ? "Type /aws-access …" : "Message " + (c.is_im ? "aws-access" : "#" + c.name);
  const list = [...c.messages, ...(c.ephemeral[me().slack] || [])].sort((a, b) => Number(a.ts) - Number(b.ts));
  const box = byId("messages");
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  if (list.length === 0) {
    fill(box, "empty " + c.id, () => h("div", { class: "empty" }, h("p", {}, "Nothing here yet."), h("p", { class: "muted" }, c.id === "C0AWS" ? "Requests show here, one message each, and are edited as they move." : "")));
  } else {
    if (box.sig) box.replaceChildren();
    box.sig = "";
    let last = "";
    const rows = list.flatMap((m) => {
      const d = date(Number(m.ts) * 1000);
      const out = d === last ? [m] : [{ ts: "day-" + d, day: d }, m];
      last = d;
      return out;
    });
    patch(box, rows, (m) => c.id + m.ts, (m) => JSON.stringify(m) + closed.has(m.ts), (m) => (m.day ? h("div", { class: "day" }, h("span", {}, m.day)) : message(c, m)));
  }
  if (low) box.scrollTop = box.scrollHeight;
}

function face(m, small) {
  const i = shared.world.people.findIndex((p) => p.slack === m.user);
  if (i >= 0) return avatar(shared.world.people[i].name, i, small);
  return h("span", { class: "avatar app" + (small ? " small" : ""), "aria-hidden": "true" }, "⌁");
}

function message(c, m) {
  const bot = !!m.bot_id;
  return h("article", { class: "message" + (m.is_ephemeral ? " ephemeral" : ""), id: "m-" + c.id + "-" + m.ts.replace(".", "") },
    face(m),
    h("div", { class: "message-main" },
      m.is_ephemeral && h("div", { class: "only-you" }, "◉ Only visible to you"),
      head(m, bot),
      body(c, m),
      m.replies?.length ? thread(c, m) : null));
}

const head = (m, bot) => h("div", { class: "message-head" },
  h("b", {}, userName(m.user)), bot && h("span", { class: "badge-app" }, "APP"),
  h("time", {}, time(Number(m.ts) * 1000)), m.edited && h("span", { class: "muted", title: "edited " + time(Number(m.edited.ts) * 1000) }, "(edited)"));

const body = (c, m) => h("div", { class: "message-body" },
  m.blocks?.length ? blocks(m.blocks, { channel: c.id, ts: m.ts }) : h("div", { class: "bk-text" }, mrkdwn(m.text)));

function thread(c, m) {
  const open = !closed.has(m.ts);
  const n = m.replies.length;
  return h("div", { class: "thread" },
    h("button", {
      class: "thread-toggle", "aria-expanded": String(open),
      onclick: () => {
        open ? closed.add(m.ts) : closed.delete(m.ts);
        shared.render();
      },
    }, face(m.replies[n - 1], true), h("b", {}, n === 1 ? "1 reply" : n + " replies"), h("span", { class: "muted" }, (open ? "hide" : "last " + time(Number(m.latest_reply) * 1000)))),
    open && h("div", { class: "replies" }, m.replies.map((r) =>
      h("div", { class: "reply" }, face(r, true), h("div", { class: "message-main" }, head(r, !!r.bot_id), body(c, r))))));
}

// notice shows a line above the composer until something else is done.
export function notice(text) {
  const el = byId("notice");
  el.hidden = !text;
  el.textContent = text || "";
}

const words = {
  operation_timeout: "The bot did not answer within three seconds (operation_timeout).",
  dispatch_failed: "Slack could not reach the bot (dispatch_failed). Is it running?",
};

async function send() {
  const box = byId("composer"), text = box.value.trim();
  if (!text || sending) return;
  sending = true;
  byId("send").disabled = true;
  notice("");
  try {
    if (text.startsWith("/")) {
      const [command, ...rest] = text.split(" ");
      const res = await as("command", { channel: room, command, text: rest.join(" ") });
      if (res.error) notice(words[res.error] || command + " failed: " + res.error);
      else if (res.problems?.length) notice("The bot's answer has a mistake: " + res.problems.join("; "));
    } else {
      await as("post", { channel: room, text });
    }
    box.value = "";
    drafts.delete(draftKey());
  } catch (err) {
    notice(err.message);
  }
  sending = false;
  byId("send").disabled = false;
  grow();
  byId("messages").scrollTop = byId("messages").scrollHeight;
}

function grow() {
  const box = byId("composer");
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight, 160) + "px";
}

function hints() {
  const text = byId("composer").value;
  const fits = text.startsWith("/") && !text.includes("\n") ? commands.filter(([c]) => c.startsWith(text) && c !== text) : [];
  const el = byId("hints");
  el.hidden = fits.length === 0;
  fill(el, JSON.stringify(fits), () => fits.map(([c, what]) =>
    h("button", { type: "button", class: "hint", onmousedown: (ev) => ev.preventDefault(), onclick: () => compose(c) }, h("code", {}, c.trim()), h("span", { class: "muted" }, what))));
}

// compose puts a text into the composer.
export function compose(text) {
  const box = byId("composer");
  box.value = text;
  box.focus();
  grow();
  hints();
}

export function setupChat(play) {
  byId("composer").addEventListener("keydown", (ev) => {
    if (ev.key === "Enter" && !ev.shiftKey && !ev.isComposing) {
      ev.preventDefault();
      byId("hints").hidden = true;
      send();
    } else if (ev.key === "Escape") {
      byId("hints").hidden = true;
    }
  });
  byId("composer").addEventListener("input", () => (grow(), hints()));
  byId("composer").addEventListener("blur", () => (byId("hints").hidden = true));
  byId("composer-form").addEventListener("submit", (ev) => (ev.preventDefault(), send()));
  byId("guide").append(
    h("p", {}, "Try this: ", h("b", {}, "Hana"), " asks here, the bot opens a pull request on the right. Become ", h("b", {}, "Yuki"),
      ", who owns the account, to approve; the bot merges. Watch the message until access is live."),
    h("div", { class: "guide-buttons" }, guide.map(([who, where, text, label]) =>
      h("button", { class: "chip", onclick: () => (play(who), openRoom(where), compose(text)) }, label))));
  byId("guide-toggle").addEventListener("click", () => {
    localStorage.setItem("guide", guided() ? "off" : "");
    showGuide();
  });
}

// The guide stands above the channel that it speaks of, until it is closed.
const guided = () => localStorage.getItem("guide") !== "off";

function showGuide() {
  byId("guide-toggle").hidden = room !== "C0AWS";
  byId("guide-toggle").setAttribute("aria-expanded", String(guided()));
  byId("guide").hidden = room !== "C0AWS" || !guided();
}

// renderModal shows the person's top view. What was typed stays while the view
// is the same version; errors are set beside the fields without redrawing.
function renderModal() {
  const shade = byId("shade");
  const top = shared.world.slack.views.filter((v) => v.user === me().slack).at(-1);
  if (!top) {
    shade.hidden = true;
    fill(shade, "", () => null);
    return;
  }
  const v = top.view;
  if (shade.sig !== v.id + v.hash) {
    fill(shade, v.id + v.hash, () => modal(v));
    shade.hidden = false;
    shade.querySelector("input, textarea, button.submit")?.focus();
  }
  fieldErrors(top.errors || {});
}

export function fieldErrors(errors) {
  for (const el of byId("shade").querySelectorAll(".field")) {
    const text = errors[el.dataset.block] || "";
    el.classList.toggle("bad", text !== "");
    const line = el.querySelector(".field-error");
    if (line.textContent !== text) line.textContent = text;
  }
}

function modal(v) {
  const form = inputs(v, v.state?.values || {});
  const status = h("div", { class: "modal-status", role: "alert" });
  const quit = () => as("close", { view_id: v.id }).catch((err) => (status.textContent = err.message));
  const submit = async (ev) => {
    ev.preventDefault();
    const button = ev.currentTarget.querySelector("button.submit");
    button.disabled = true;
    status.textContent = "";
    try {
      const res = await as("submit", { view_id: v.id, values: form.read() });
      if (res.error) status.textContent = words[res.error] || "Slack could not hand this on: " + res.error;
      fieldErrors(res.errors || {});
    } catch (err) {
      status.textContent = err.message;
    }
    button.disabled = false;
  };
  return h("form", {
    class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title", onsubmit: submit, novalidate: true,
    onkeydown: (ev) => ev.key === "Escape" && quit(),
  },
    h("div", { class: "modal-head" }, h("h2", { id: "modal-title" }, v.title?.text || ""), h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: quit }, "✕")),
    h("div", { class: "modal-body" }, form.nodes, status),
    h("div", { class: "modal-foot" },
      h("button", { type: "button", class: "button", onclick: quit }, v.close?.text || "Cancel"),
      v.submit && h("button", { class: "button primary submit" }, v.submit.text)));
}
