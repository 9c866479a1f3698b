// Puts the page together: who one plays, which tab is open, links, updates.
import { h, patch, byId, avatar } from "./dom.js";
import { shared, me, refresh, listen } from "./api.js";
import { renderChat, setupChat, beforeSwitch, afterSwitch, openChat, openHome, chats, notice } from "./chat.js";
import { renderPulls, openPull } from "./github.js";
import { renderMap } from "./map.js";
import { renderAccounts } from "./accounts.js";
import { renderActivity } from "./activity.js";
import { renderWorld } from "./world.js";

const tabs = ["pulls", "map", "accounts", "activity", "world"];
const parts = { pulls: renderPulls, map: renderMap, accounts: renderAccounts, activity: renderActivity, world: renderWorld };
let tab = "pulls";

shared.notice = notice;
shared.tab = (name) => {
  tab = name;
  shared.render();
  byId("panel-" + name).scrollTop = 0;
};

shared.render = () => {
  if (!shared.world) return;
  renderPeople();
  renderChat();
  for (const name of tabs) {
    byId("tab-" + name).setAttribute("aria-selected", String(name === tab));
    byId("tab-" + name).tabIndex = name === tab ? 0 : -1;
    byId("panel-" + name).hidden = name !== tab;
    parts[name]();
  }
};

function play(key) {
  if (key === shared.me) return;
  beforeSwitch();
  shared.me = key;
  localStorage.setItem("me", key);
  notice("");
  afterSwitch();
  shared.render();
}

function renderPeople() {
  const people = shared.world.people;
  patch(byId("people"), people, (p) => p.key, (p) => p.key + (p.key === shared.me), (p) => {
    const on = p.key === shared.me;
    return h("button", {
      class: "person" + (on ? " on" : ""), id: "person-" + p.key, role: "radio", "aria-checked": String(on), title: p.name + ". " + p.about, "aria-label": p.name, tabIndex: on ? 0 : -1,
      onclick: () => play(p.key), onkeydown: (ev) => step(ev, people, people.indexOf(p)),
    }, avatar(p.name, people.indexOf(p), true), h("span", { class: "person-name" }, p.name.split(" ")[0]));
  });
  byId("about").textContent = me().about;
}

// step moves through a group of buttons with the arrow keys.
function step(ev, people, i) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[ev.key];
  if (!by) return;
  ev.preventDefault();
  const next = people[(i + by + people.length) % people.length];
  play(next.key);
  byId("person-" + next.key).focus();
}

// follow handles a click on a link: those of this world stay on the page,
// others would leave it for the real internet.
function follow(ev) {
  const el = ev.target.closest("[data-link]");
  if (!el) return;
  const url = new URL(el.dataset.link, location.href);
  const pull = /^\/github\/[^/]+\/[^/]+\/pull\/(\d+)/.exec(url.pathname);
  const message = messageAt(url);
  const ours = [shared.world.url, location.origin].includes(url.origin);
  if (ev.metaKey || ev.ctrlKey) return;
  ev.preventDefault();
  if (ours && pull) openPull(Number(pull[1]));
  else if (message && chats().includes(message.chat)) showMessage(message);
  else notice("Outside of the sandbox this opens " + url.href);
}

// messageAt reads the addresses that this world's Slack and Teams give their
// messages.
function messageAt(url) {
  const slack = /^\/archives\/(\w+)\/p(\d+)/.exec(url.pathname);
  if (slack && [shared.world.url, location.origin].includes(url.origin)) return { chat: "slack", room: slack[1], id: slack[2] };
  const teams = url.host === "teams.microsoft.com" && /^\/l\/message\/([^/]+)\/(\d+)/.exec(url.pathname);
  return teams ? { chat: "teams", room: decodeURIComponent(teams[1]), id: teams[2] } : null;
}

function showMessage(m) {
  openChat(m.chat, m.room);
  const el = byId("m-" + m.room + "-" + m.id);
  el?.scrollIntoView({ block: "center" });
  el?.classList.add("flash");
}

// fromAddress opens what the address names: #pull-7, #C0AWS-p1700000000000100,
// #teams, #world.
function fromAddress() {
  const pull = /^#pull-(\d+)$/.exec(location.hash), message = /^#(\w+)-p(\d+)$/.exec(location.hash);
  if (pull) openPull(Number(pull[1]));
  else if (message) showMessage({ chat: "slack", room: message[1], id: message[2] });
  else if (chats().includes(location.hash.slice(1))) openChat(location.hash.slice(1));
  else if (tabs.includes(location.hash.slice(1))) shared.tab(location.hash.slice(1));
}

function connected(ok) {
  byId("link").textContent = ok ? "" : "The sandbox is not running any more";
  document.body.classList.toggle("lost", !ok);
}

for (const name of tabs) {
  byId("tab-" + name).addEventListener("click", () => shared.tab(name));
  byId("tab-" + name).addEventListener("keydown", (ev) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[ev.key];
    if (!by) return;
    const next = tabs[(tabs.indexOf(name) + by + tabs.length) % tabs.length];
    shared.tab(next);
    byId("tab-" + next).focus();
  });
}
document.addEventListener("click", follow);
window.addEventListener("hashchange", fromAddress);
setupChat(play);
shared.me = localStorage.getItem("me") || "hana";
refresh().then(() => {
  shared.me = me().key;
  const kept = localStorage.getItem("chat");
  shared.chat = chats().includes(kept) ? kept : chats()[0];
  openHome();
  fromAddress();
  shared.render();
  byId("messages").scrollTop = byId("messages").scrollHeight;
  listen(connected);
  // Countdowns move on without any event.
  setInterval(() => (renderMap(), renderAccounts(), renderWorld()), 10000);
}, () => connected(false));
