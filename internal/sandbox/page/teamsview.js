// What the chat half shows of Teams: its channels and chats in the form that
// chat.js draws, its commands, and its dialogs.
import { h, fill } from "./dom.js";
import { fieldErrors } from "./fields.js";
import { shared, me, as } from "./api.js";
import { card, numbered } from "./adaptivecard.js";

const topics = { "aws-access": "Ask for AWS access here", "aws-ops": "What the bot tells the platform team", General: "Everything else" };
const broken = "We're sorry, this card couldn't be displayed";
const mine = () => me().entra;

export const teams = {
  name: "Teams",
  get home() {
    return channels().find((c) => c.name === "aws-access")?.id || channels()[0]?.id;
  },
  command: "@",
  prefix: "@aws-access",
  onboard: "@aws-access onboard",
  rooms: () => [...channels().map(channel), ...chat()],
  send: async (room, text) => said(await as("teams/message", { conversation: room, text })),
  dialog,
};

const channels = () => shared.world.teams.teams.flatMap((t) => t.channels);

const channel = (c) => ({
  id: c.id, name: c.name, personal: false, topic: topics[c.name] || "",
  messages: inThreads([...c.messages, ...(c.targeted[mine()] || [])], c.id),
});

// chat is the person's own chat with the bot, where there is one.
function chat() {
  const c = shared.world.teams.chats[mine()];
  if (!c?.installed && !c?.messages.length) return [];
  return [{ id: "personal", name: "aws-access", personal: true, topic: c.installed ? "Only you and the bot" : "You have removed the app", messages: c.messages.map((m) => message(m, "personal")) }];
}

// inThreads puts what only this person sees where it belongs: in its thread, or
// between the others.
function inThreads(list, room) {
  const roots = list.filter((m) => !m.thread), ids = new Set(roots.map((m) => m.id));
  const lost = list.filter((m) => m.thread && !ids.has(m.thread));
  const all = [...roots, ...lost].map((m) => message(m, room, list.filter((x) => x.thread === m.id)));
  return all.sort((a, b) => a.at - b.at);
}

function message(m, room, inside = []) {
  const only = !!shared.world.teams.teams.some((t) => t.channels.some((c) => (c.targeted[mine()] || []).some((x) => x.id === m.id)));
  const replies = [...(m.replies || []), ...inside.filter((x) => !(m.replies || []).includes(x))];
  const seen = m.views?.[mine()] ? [m.views[mine()]] : m.cards || [];
  return {
    id: m.id, at: Date.parse(m.time), sig: JSON.stringify([m, replies, seen]), name: m.from.name, bot: !!m.from.bot,
    person: shared.world.people.findIndex((p) => p.entra && p.entra === m.from.object_id), only, edited: m.edited && Date.parse(m.edited),
    body: () => (m.deleted ? h("em", { class: "muted" }, "This message has been deleted.") : [m.text && h("div", { class: "bk-text" }, words(m)), seen.map((c) => shown(c, m, room))]),
    replies: replies.map((r) => message(r, room)).sort((a, b) => a.at - b.at),
  };
}

// words is the text of a message: mentions are what its entities say, the rest is
// text. Markdown of the bot's texts is not drawn, since it writes in cards.
function words(m) {
  const at = (m.mentions || []).map((x) => x.text);
  let parts = [m.text];
  for (const mention of m.mentions || []) {
    parts = parts.flatMap((p) => (typeof p !== "string" ? [p] : p.split(mention.text).flatMap((s, i) => (i ? [h("span", { class: "mention" }, mention.name), s] : [s]))));
  }
  return at.length ? parts : [m.text];
}

function shown(c, m, room) {
  if (c.problems?.length) return h("div", { class: "ac muted" }, broken, h("ul", {}, c.problems.map((p) => h("li", {}, p))));
  const number = numbered(c.card);
  return card(c.card, {
    act: async (a, values) => {
      try {
        shared.notice(said(await as("teams/click", { conversation: room, activity: m.id, action: number(a), values })));
      } catch (err) {
        shared.notice(err.message);
      }
    },
    suggest: (input, query) => as("teams/suggest", { activity: m.id, field: input.id, query }).then(choices),
  }).node;
}

const choices = (r) => (r.choices || []).map((c) => ({ text: c.title, value: c.value }));

// said is what Teams tells the person about what was sent, if anything.
const said = (r) => r.error || r.message || (r.sent && !r.delivered ? "Teams could not reach the bot. Is it running?" : "");

// dialog shows the person's newest dialog. What was typed stays while it is the
// same; errors are set beside the fields without redrawing.
function dialog(shade) {
  const d = (shared.world.teams.dialogs[mine()] || []).at(-1);
  if (!d) return false;
  const fresh = shade.dialog !== d.id;
  shade.dialog = d.id;
  // One that the bot has answered with is the same to the person: what is in
  // focus then is theirs to say.
  if (fill(shade, d.id + JSON.stringify(d.card), () => modal(d)) && fresh) shade.querySelector("input, textarea, button.submit")?.focus();
  fieldErrors(d.errors || {});
  return true;
}

function modal(d) {
  const status = h("div", { class: "modal-status", role: "alert" });
  const quit = () => as("teams/dialog/close", { dialog: d.id }).catch((err) => (status.textContent = err.message));
  const number = numbered(d.card.card);
  const form = card(d.card.card, {
    form: true,
    act: async (a, values) => {
      status.textContent = "";
      try {
        const res = await as("teams/dialog/submit", { dialog: d.id, action: number(a), values });
        status.textContent = res.error || "";
        if (res.message) shared.notice(res.message);
        fieldErrors(res.errors || {});
      } catch (err) {
        status.textContent = err.message;
      }
    },
    suggest: (input, query) => as("teams/dialog/suggest", { dialog: d.id, field: input.id, query }).then(choices),
  });
  return h("div", { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title", onkeydown: (ev) => ev.key === "Escape" && quit() },
    h("div", { class: "modal-head" }, h("h2", { id: "modal-title" }, d.title), h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: quit }, "✕")),
    h("div", { class: "modal-body" }, d.card.problems?.length ? h("p", {}, broken) : form.node, status));
}
