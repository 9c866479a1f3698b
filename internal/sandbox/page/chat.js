// The left half: rooms, messages, composer and dialogs of the chat that is
// shown. slackview.js and teamsview.js say what there is and what it does.
import { h, patch, fill, byId, avatar, time, date } from "./dom.js";
import { shared } from "./api.js";
import { slack } from "./slackview.js";
import { teams } from "./teamsview.js";

const views = { slack, teams };

const commands = [
  ["request", "ask for access with a form"],
  ["request payments-dev PowerUserAccess for aws-payments-dev 4h ", "in one line; add a reason"],
  ["status", "your requests"],
  ["whoami", "who the bot thinks you are"],
  ["cli", "a ~/.aws/config for all that you may use"],
  ["help", "everything the bot can do"],
];
const guide = [
  ["hana", "request payments-dev PowerUserAccess for aws-payments-support 4h looking into the refund bug", "Ask in one line"],
  ["hana", "request", "Ask by form"],
  ["hana", "request payments-prod AdministratorAccess for aws-payments-dev 2h broken migration", "Ask for too much"],
  ["hana", "help", "Help"],
];

let room = slack.home, sending = false;
const drafts = new Map(), seen = new Map(), closed = new Set();
const view = () => views[shared.chat];
const draftKey = () => shared.me + "/" + room;

// chats are the chats of this world, by key.
export const chats = () => Object.keys(views).filter((k) => shared.world[k]);

export function openRoom(id) {
  drafts.set(draftKey(), byId("composer").value);
  room = id;
  byId("composer").value = drafts.get(draftKey()) || "";
  shared.render();
  byId("messages").scrollTop = byId("messages").scrollHeight;
}

// openChat shows a chat, and a room of it or its first.
export function openChat(key, id) {
  if (!chats().includes(key)) return;
  drafts.set(draftKey(), byId("composer").value);
  shared.chat = key;
  localStorage.setItem("chat", key);
  room = id || view().home;
  byId("composer").value = drafts.get(draftKey()) || "";
  notice("");
  shared.render();
  byId("messages").scrollTop = byId("messages").scrollHeight;
}

// openHome shows the room of requests, if another chat's room is open.
export function openHome() {
  room = view().home;
}

// beforeSwitch keeps what the person who leaves has typed.
export function beforeSwitch() {
  drafts.set(draftKey(), byId("composer").value);
}

export function afterSwitch() {
  if (!view().rooms().some((r) => r.id === room)) openHome();
  byId("composer").value = drafts.get(draftKey()) || "";
  grow();
}

export function renderChat() {
  renderSwitch();
  const rooms = view().rooms();
  const link = (r) => h("button", {
    class: "rail-link" + (r.id === room ? " at" : "") + (unread(r) ? " unread" : ""), "aria-current": r.id === room ? "true" : null,
    dataset: { channel: r.id }, onclick: () => openRoom(r.id),
  }, h("span", { class: "rail-mark" }, r.personal ? "●" : "#"), r.name);
  const sig = (r) => JSON.stringify([r.id, r.id === room, unread(r), r.name]);
  patch(byId("channels"), rooms.filter((r) => !r.personal), (r) => r.id, sig, link);
  const personal = rooms.filter((r) => r.personal);
  byId("dm-title").hidden = personal.length === 0;
  byId("dm-title").textContent = shared.chat === "teams" ? "Chats" : "Direct messages";
  patch(byId("dms"), personal, (r) => r.id, sig, link);
  renderRoom(rooms.find((r) => r.id === room) || rooms[0]);
  const shade = byId("shade");
  shade.hidden = !view().dialog(shade);
  if (shade.hidden) fill(shade, "", () => null);
}

function renderSwitch() {
  const all = chats(), box = byId("chats");
  box.hidden = all.length < 2;
  document.body.dataset.chat = shared.chat;
  fill(box, all.join() + shared.chat, () => all.map((k) => h("button", {
    class: "chat-choice" + (k === shared.chat ? " on" : ""), id: "chat-" + k, role: "radio", "aria-checked": String(k === shared.chat), onclick: () => openChat(k),
  }, views[k].name)));
}

const seenKey = (r) => shared.chat + shared.me + r.id;
const newest = (r) => r.messages.reduce((t, m) => Math.max(t, m.at, ...m.replies.map((x) => x.at)), 0);
const unread = (r) => r.id !== room && newest(r) > (seen.get(seenKey(r)) ?? newestAtStart(r));

function newestAtStart(r) {
  const t = newest(r);
  seen.set(seenKey(r), t);
  return t;
}

function renderRoom(r) {
  seen.set(seenKey(r), newest(r));
  showGuide();
  byId("room-name").textContent = (r.personal ? "" : "#") + r.name;
  byId("room-topic").textContent = r.topic;
  byId("composer").placeholder = r.id === view().home ? "Type " + view().prefix + " …" : "Message " + (r.personal ? "" : "#") + r.name;
  const box = byId("messages");
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  if (r.messages.length === 0) {
    fill(box, "empty " + r.id, () => h("div", { class: "empty" }, h("p", {}, "Nothing here yet."), h("p", { class: "muted" }, r.id === view().home ? "Requests show here, one message each, and are edited as they move." : "")));
  } else {
    if (box.sig) box.replaceChildren();
    box.sig = "";
    patch(box, withDays(r.messages), (m) => r.id + m.id, (m) => m.sig + closed.has(m.id), (m) => (m.day ? h("div", { class: "day" }, h("span", {}, m.day)) : message(r, m)));
  }
  if (low) box.scrollTop = box.scrollHeight;
}

// withDays puts a line before the first message of each day.
function withDays(messages) {
  let last = "";
  return messages.flatMap((m) => {
    const d = date(m.at);
    const out = d === last ? [m] : [{ id: "day-" + d, sig: d, day: d }, m];
    last = d;
    return out;
  });
}

function face(m, small) {
  if (m.person >= 0) return avatar(shared.world.people[m.person].name, m.person, small);
  return h("span", { class: "avatar app" + (small ? " small" : ""), "aria-hidden": "true" }, "⌁");
}

function message(r, m) {
  return h("article", { class: "message" + (m.only ? " ephemeral" : ""), id: "m-" + r.id + "-" + m.id },
    face(m),
    h("div", { class: "message-main" },
      m.only && h("div", { class: "only-you" }, "◉ Only visible to you"),
      head(m),
      h("div", { class: "message-body" }, m.body()),
      m.replies.length ? thread(m) : null));
}

const head = (m) => h("div", { class: "message-head" },
  h("b", {}, m.name), m.bot && h("span", { class: "badge-app" }, "APP"),
  h("time", {}, time(m.at)), m.edited && h("span", { class: "muted", title: "edited " + time(m.edited) }, "(edited)"));

function thread(m) {
  const open = !closed.has(m.id), n = m.replies.length, last = m.replies[n - 1];
  return h("div", { class: "thread" },
    h("button", {
      class: "thread-toggle", "aria-expanded": String(open),
      onclick: () => {
        open ? closed.add(m.id) : closed.delete(m.id);
        shared.render();
      },
    }, face(last, true), h("b", {}, n === 1 ? "1 reply" : n + " replies"), h("span", { class: "muted" }, open ? "hide" : "last " + time(last.at))),
    open && h("div", { class: "replies" }, m.replies.map((x) =>
      h("div", { class: "reply" + (x.only ? " ephemeral" : "") }, face(x, true), h("div", { class: "message-main" },
        x.only && h("div", { class: "only-you" }, "◉ Only visible to you"), head(x), h("div", { class: "message-body" }, x.body()))))));
}

// notice shows a line above the composer until something else is done.
export function notice(text) {
  const el = byId("notice");
  el.hidden = !text;
  el.textContent = text || "";
}

async function send() {
  const box = byId("composer"), text = box.value.trim();
  if (!text || sending) return;
  sending = true;
  byId("send").disabled = true;
  notice("");
  try {
    notice(await view().send(room, text));
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

// known are the commands of the chat that is shown, in full.
const known = () => [...commands.map(([c, what]) => [view().prefix + " " + c, what]), [view().onboard + " 333344443333", "bring an AWS account in"]];

function hints() {
  const text = byId("composer").value;
  const fits = text.startsWith(view().command) && !text.includes("\n") ? known().filter(([c]) => c.startsWith(text) && c !== text) : [];
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
    h("div", { class: "guide-buttons" }, guide.map(([who, text, label]) =>
      h("button", { class: "chip", onclick: () => (play(who), openRoom(view().home), compose(view().prefix + " " + text)) }, label))));
  byId("guide-toggle").addEventListener("click", () => {
    localStorage.setItem("guide", guided() ? "off" : "");
    showGuide();
  });
}

// The guide stands above the channel that it speaks of, until it is closed.
const guided = () => localStorage.getItem("guide") !== "off";

function showGuide() {
  byId("guide-toggle").hidden = room !== view().home;
  byId("guide-toggle").setAttribute("aria-expanded", String(guided()));
  byId("guide").hidden = room !== view().home || !guided();
}
