// Renders Slack's Block Kit and mrkdwn as Slack does.
import { h, date, time, timeSecs, isWeb } from "./dom.js";
import { shared, as } from "./api.js";
import { combobox, multibox } from "./combobox.js";
import { emoji as drawEmoji } from "./emoji.js";

const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const decode = (s) => s.replace(/&(amp|lt|gt);/g, (e) => entities[e]);
const shortcodes = { white_check_mark: "✅", hourglass_flowing_sand: "⏳", x: "❌", warning: "⚠️", tada: "🎉", eyes: "👀", lock: "🔒" };

// emoji replaces Slack's short codes, and draws what has a meaning.
const emoji = (text) => drawEmoji(text.replace(/:([a-z_]+):/g, (all, name) => shortcodes[name] || all));

// mrkdwn turns Slack's markup into nodes.
export function mrkdwn(text) {
  const out = [];
  text.split("```").forEach((part, i, all) => {
    if (i % 2 === 1 && i < all.length - 1) out.push(h("pre", { class: "code" }, decode(plainSpans(part)).replace(/^\n/, "")));
    else if (part !== "") out.push(...inline(i % 2 === 1 ? "```" + part : i > 0 ? part.replace(/^\n/, "") : part));
  });
  return out;
}

// plainSpans keeps the label of links inside code, where Slack shows no links.
const plainSpans = (s) => s.replace(/<([^>|]*)\|?([^>]*)>/g, (_, url, label) => label || url);

const pattern = /<([^<>\n]+)>|`([^`\n]+)`|(^|[\s(.,:;!?"'“>·•–-])([*_~])(?=\S)([^\n]*?\S)\4(?=$|[\s).,:;!?"'”<·•–-])/;

function inline(text) {
  const out = [];
  while (text !== "") {
    const m = pattern.exec(text);
    if (!m) {
      out.push(...emoji(decode(text)));
      break;
    }
    const before = text.slice(0, m.index) + (m[3] || "");
    if (before) out.push(...emoji(decode(before)));
    if (m[1] !== undefined) out.push(span(m[1]));
    else if (m[2] !== undefined) out.push(h("code", {}, decode(m[2])));
    else out.push(h({ "*": "strong", _: "em", "~": "s" }[m[4]], {}, inline(m[5])));
    text = text.slice(m.index + m[0].length);
  }
  return out;
}

// span renders what stands between < and >.
function span(body) {
  const bar = body.indexOf("|");
  const head = bar < 0 ? body : body.slice(0, bar), label = bar < 0 ? "" : decode(body.slice(bar + 1));
  if (head.startsWith("@")) return h("span", { class: "mention" }, "@" + userName(head.slice(1)));
  if (head.startsWith("#")) return h("span", { class: "mention" }, "#" + (label || channelName(head.slice(1))));
  if (head.startsWith("!date^")) return h("time", { title: label }, dateFormat(head, label));
  if (head.startsWith("!")) return h("span", { class: "mention" }, "@" + (label || head.slice(1)));
  const url = decode(head);
  return isWeb(url) ? h("a", { href: url, "data-link": url }, label || url.replace(/^mailto:/, "")) : label || url;
}

function dateFormat(head, fallback) {
  const [, seconds, format] = head.split("^");
  const t = Number(seconds) * 1000;
  if (!t || !format) return fallback;
  return format.replace(/\{(\w+)\}/g, (all, f) => {
    if (f === "time") return time(t);
    if (f === "time_secs") return timeSecs(t);
    if (f.startsWith("date")) return f.endsWith("pretty") ? date(t) : new Date(t).toLocaleDateString();
    return all;
  });
}

export function userName(id) {
  const u = shared.world.slack.users.find((x) => x.id === id);
  return u ? u.real_name || u.name : id;
}

function channelName(id) {
  const c = shared.world.slack.channels.find((x) => x.id === id);
  return c ? c.name : id;
}

// textOf renders a text object.
export function textOf(t) {
  if (!t) return [];
  return t.type === "mrkdwn" ? mrkdwn(t.text) : emoji(t.text);
}

// blocks renders the blocks of a message. at is {channel, ts}.
export function blocks(list, at) {
  return (list || []).map((b) => messageBlock(b, at));
}

function messageBlock(b, at) {
  switch (b.type) {
    case "header":
      return h("h3", { class: "bk-header" }, textOf(b.text));
    case "divider":
      return h("hr", { class: "bk-divider" });
    case "context":
      return h("div", { class: "bk-context" }, b.elements.map((e) => (e.type === "image" ? null : h("span", {}, textOf(e)))));
    case "actions":
      return h("div", { class: "bk-actions" }, b.elements.map((e) => action(b, e, at)));
    case "section":
      return section(b, at);
    default:
      return h("div", { class: "bk-section muted" }, "[" + b.type + "]");
  }
}

function section(b, at) {
  return h("div", { class: "bk-section" },
    b.text && h("div", { class: "bk-text" }, textOf(b.text)),
    b.fields && h("div", { class: "bk-fields" }, b.fields.map((f) => h("div", { class: "bk-field" }, textOf(f)))),
    b.accessory && action(b, b.accessory, at));
}

// action renders a button of a message. One with a URL is sent to the app too,
// as Slack does, and opens the URL.
function action(b, e, at) {
  if (e.type !== "button") return h("span", { class: "muted" }, "[" + e.type + "]");
  const style = { primary: " primary", danger: " danger" }[e.style] || "";
  return h("button", {
    class: "bk-button" + style, "data-link": e.url || null, dataset: { action: e.action_id },
    onclick: async (ev) => {
      if (e.confirm && !window.confirm(e.confirm.text.text)) return;
      const button = ev.currentTarget;
      button.disabled = true;
      try {
        const res = await as("click", { channel: at.channel, ts: at.ts, block_id: b.block_id, action_id: e.action_id });
        if (res.error) shared.notice("Slack could not hand this on to the bot: " + res.error);
      } catch (err) {
        shared.notice(err.message);
      }
      button.disabled = false;
    },
  }, textOf(e.text));
}

// inputs renders the blocks of a modal and collects what is entered. values is
// what the view has so far, by block and action.
export function inputs(view, values) {
  const fields = [];
  const nodes = (view.blocks || []).map((b) => {
    if (b.type !== "input") return messageBlock(b, {});
    const f = field(view, b, values[b.block_id]?.[b.element.action_id]);
    fields.push({ block: b.block_id, action: b.element.action_id, read: f.read });
    return h("div", { class: "field", dataset: { block: b.block_id } },
      h("label", { for: "in-" + b.block_id }, textOf(b.label), b.optional && h("span", { class: "optional" }, "optional")),
      f.node, h("div", { class: "field-error", role: "alert" }), b.hint && h("div", { class: "field-hint" }, textOf(b.hint)));
  });
  return {
    nodes,
    read: () => {
      const out = {};
      for (const f of fields) (out[f.block] ||= {})[f.action] = f.read();
      return out;
    },
  };
}

// field makes the control of an input block, and says how to read it.
function field(view, b, state) {
  const e = b.element, id = "in-" + b.block_id;
  const asked = (query) => as("suggest", { view_id: view.id, block_id: b.block_id, action_id: e.action_id, query }).then((r) => r.options || []);
  switch (e.type) {
    case "plain_text_input": {
      const node = h(e.multiline ? "textarea" : "input", {
        id, rows: e.multiline ? 3 : null, value: state?.value || "", maxlength: e.max_length, placeholder: e.placeholder?.text,
      });
      return { node, read: () => ({ text: node.value }) };
    }
    case "external_select":
      return combobox(id, e.placeholder?.text, state?.selected_option, asked);
    case "multi_external_select":
      return multibox(id, e.placeholder?.text, state?.selected_options, asked);
    case "static_select":
      return combobox(id, e.placeholder?.text, state?.selected_option, async (query) =>
        optionsOf(e).filter((o) => o.text.toLowerCase().includes(query.toLowerCase())));
    case "radio_buttons":
    case "checkboxes":
      return choices(id, e, state);
    case "datepicker": {
      const node = h("input", { id, type: "date", value: state?.selected_date || "" });
      return { node, read: () => ({ text: node.value }) };
    }
    default:
      return { node: h("div", { id, class: "muted" }, "[" + e.type + "]"), read: () => ({}) };
  }
}

const optionsOf = (e) => (e.options || (e.option_groups || []).flatMap((g) => g.options)).map((o) => ({ text: o.text.text, value: o.value, description: o.description?.text }));

function choices(id, e, state) {
  const many = e.type === "checkboxes";
  const chosen = new Set((many ? state?.selected_options || [] : [state?.selected_option]).filter(Boolean).map((o) => o.value));
  const boxes = optionsOf(e).map((o) => {
    const box = h("input", { type: many ? "checkbox" : "radio", name: id, value: o.value, checked: chosen.has(o.value) });
    return { box, node: h("label", { class: "choice" }, box, o.text) };
  });
  return {
    node: h("div", { id, class: "choices" }, boxes.map((b) => b.node)),
    read: () => ({ selected: boxes.filter((b) => b.box.checked).map((b) => b.box.value) }),
  };
}
