// Renders Adaptive Cards as Teams does, for the elements of version 1.5 that
// take part in a conversation. What it does not know is shown as its type in
// brackets, so that nothing is left out unseen.
import { h, isWeb } from "./dom.js";
import { emoji } from "./emoji.js";
import { combobox, multibox } from "./combobox.js";

// card renders a card. doing says what the surroundings do:
//   act(action, values)          an action that goes to the bot
//   suggest(input, query)        type-ahead: promises [{text, value}]
//   values                       what inputs held before, by id
// It returns {node, read}; read() gives the inputs' values by id.
export function card(c, doing) {
  const inputs = [];
  const mentions = (c.msteams?.entities || []).filter((e) => e.type === "mention");
  const ctx = { ...doing, inputs, mentions, read: () => Object.fromEntries(inputs.map((i) => [i.id, i.read()])) };
  const node = h("div", { class: "ac" }, elements(c.body, ctx), actionSet(c.actions, ctx));
  return { node, read: ctx.read, inputs };
}

const elements = (list, ctx) => (list || []).map((e) => element(e, ctx));

function element(e, ctx) {
  if (e.isVisible === false) return null;
  const node = body(e, ctx);
  if (node && e.separator) node.classList.add("ac-separated");
  if (node && e.spacing) node.classList.add("ac-space-" + e.spacing.toLowerCase());
  return node;
}

function body(e, ctx) {
  switch (e.type) {
    case "TextBlock":
      return h("div", { class: "ac-text" + look(e) + (e.wrap ? "" : " ac-cut") }, markdown(e.text, ctx));
    case "RichTextBlock":
      return h("div", { class: "ac-text" }, (e.inlines || []).map((r) => (typeof r === "string" ? emoji(r) : run(r))));
    case "Container":
      return h("div", { class: "ac-container" + (e.style ? " ac-style-" + e.style : "") }, elements(e.items, ctx));
    case "ColumnSet":
      return h("div", { class: "ac-columns" }, (e.columns || []).map((c) => column(c, ctx)));
    case "FactSet":
      return h("dl", { class: "ac-facts" }, (e.facts || []).flatMap((f) => [h("dt", {}, markdown(f.title, ctx)), h("dd", {}, markdown(f.value, ctx))]));
    case "ActionSet":
      return actionSet(e.actions, ctx);
    default:
      return e.type?.startsWith("Input.") ? field(e, ctx) : h("div", { class: "muted" }, "[" + e.type + "]");
  }
}

function column(c, ctx) {
  const el = h("div", { class: "ac-column" + (c.style ? " ac-style-" + c.style : "") }, elements(c.items, ctx));
  const width = c.width ?? "stretch";
  el.style.flex = width === "auto" ? "0 0 auto" : width === "stretch" ? "1 1 0" : String(width).endsWith("px") ? "0 0 " + width : Number(width) + " 1 0";
  return el;
}

const look = (e) =>
  (e.size ? " ac-size-" + e.size.toLowerCase() : "") + (e.weight === "Bolder" ? " ac-bold" : "") + (e.isSubtle ? " muted" : "") +
  (e.fontType === "Monospace" ? " ac-mono" : "") + (e.color ? " ac-color-" + e.color.toLowerCase() : "");

// run is a TextRun: its text is never read as markup.
function run(r) {
  const url = r.selectAction?.type === "Action.OpenUrl" ? r.selectAction.url : "";
  if (isWeb(url) && url) return h("a", { href: url, "data-link": url, class: look(r).trim() }, emoji(r.text));
  return h("span", { class: look(r).trim() + (r.underline ? " ac-underline" : "") }, emoji(r.text));
}

const marked = /\[([^\]\n]+)\]\(([^)\s]+)\)|(\*\*|__)(?=\S)([^\n]*?\S)\3|(?<![\w*_])([*_])(?=\S)([^\n]*?\S)\5(?![\w*_])|\\([\\`*_{}[\]()#+\-.!<>])/;

// markdown is the subset that a TextBlock reads: bold, italic, links, lists, and
// the mentions that the card names. Date functions are text, as they are in Teams.
function markdown(text, ctx) {
  const inline = (s) => mentioned(s, ctx.mentions);
  const lines = (text || "").split(/\r?\n/);
  return lines.map((line, i) => {
    const item = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/.exec(line);
    if (item) return h("div", { class: "ac-item" }, (item[1] ? item[1] + "." : "•") + " ", inline(item[2]));
    return [inline(line), i < lines.length - 1 && h("br", {})];
  });
}

function mentioned(text, mentions) {
  const m = mentions.find((x) => text.includes(x.text));
  if (!m) return styled(text);
  const at = text.indexOf(m.text);
  return [...mentioned(text.slice(0, at), mentions), h("span", { class: "mention" }, m.mentioned.name), ...mentioned(text.slice(at + m.text.length), mentions)];
}

function styled(text) {
  const out = [];
  for (let m; text !== "" && (m = marked.exec(text)); text = text.slice(m.index + m[0].length)) {
    out.push(...emoji(text.slice(0, m.index)));
    if (m[1] !== undefined) out.push(isWeb(m[2]) ? h("a", { href: m[2], "data-link": m[2] }, m[1]) : m[1]);
    else if (m[3]) out.push(h("strong", {}, styled(m[4])));
    else if (m[5]) out.push(h("em", {}, styled(m[6])));
    else out.push(m[7]);
  }
  out.push(...emoji(text));
  return out;
}

function actionSet(list, ctx) {
  if (!list?.length) return null;
  return h("div", { class: "bk-actions" }, list.map((a) => button(a, ctx)));
}

function button(a, ctx) {
  const style = { positive: " primary", destructive: " danger" }[a.style] || "";
  if (a.type === "Action.OpenUrl") return h("button", { type: "button", class: "bk-button" + style, "data-link": a.url }, emoji(a.title || ""));
  if (a.type !== "Action.Execute" && a.type !== "Action.Submit") return h("span", { class: "muted" }, "[" + a.type + "]");
  return h("button", {
    type: "button", class: "bk-button" + style + (ctx.form ? " submit" : ""), dataset: { action: a.verb || a.id || a.title },
    onclick: async (ev) => {
      const el = ev.currentTarget;
      el.disabled = true;
      await ctx.act(a, ctx.read());
      el.disabled = false;
    },
  }, emoji(a.title || ""));
}

// field is an input with its label, and the line for what is wrong with it.
function field(e, ctx) {
  const f = control(e, ctx);
  ctx.inputs.push({ id: e.id, read: f.read });
  return h("div", { class: "field", dataset: { block: e.id } },
    e.label && h("label", { for: "in-" + e.id }, e.label, !e.isRequired && h("span", { class: "optional" }, "optional")),
    f.node, h("div", { class: "field-error", role: "alert" }));
}

function control(e, ctx) {
  const id = "in-" + e.id, was = ctx.values?.[e.id] ?? e.value ?? "";
  switch (e.type) {
    case "Input.Text": {
      const node = h(e.isMultiline ? "textarea" : "input", { id, rows: e.isMultiline ? 3 : null, value: was, maxlength: e.maxLength, placeholder: e.placeholder });
      return { node, read: () => node.value };
    }
    case "Input.Date":
    case "Input.Time":
    case "Input.Number": {
      const node = h("input", { id, type: e.type.slice(6).toLowerCase(), value: was, min: e.min, max: e.max });
      return { node, read: () => node.value };
    }
    case "Input.Toggle": {
      const node = h("input", { id, type: "checkbox", checked: was === (e.valueOn ?? "true") });
      return { node: h("label", { class: "choice" }, node, e.title), read: () => (node.checked ? e.valueOn ?? "true" : e.valueOff ?? "false") };
    }
    case "Input.ChoiceSet":
      return choiceSet(id, e, was, ctx);
    default:
      return { node: h("div", { id, class: "muted" }, "[" + e.type + "]"), read: () => "" };
  }
}

const options = (e) => (e.choices || []).map((c) => ({ text: c.title, value: c.value }));

function choiceSet(id, e, was, ctx) {
  const all = options(e), chosen = was === "" ? [] : e.isMultiSelect ? was.split(",") : [was];
  if (e.style === "expanded") return expanded(id, e, all, new Set(chosen));
  const dynamic = e["choices.data"]?.type === "Data.Query";
  const suggest = async (query) => {
    const fits = all.filter((o) => o.text.toLowerCase().includes(query.toLowerCase()));
    const found = dynamic ? await ctx.suggest(e, query) : [];
    return [...fits, ...found.filter((o) => !fits.some((x) => x.value === o.value))];
  };
  const named = (v) => ({ text: { text: all.find((o) => o.value === v)?.text || v }, value: v });
  const box = e.isMultiSelect ? multibox(id, e.placeholder, chosen.map(named), suggest) : combobox(id, e.placeholder, chosen[0] !== undefined ? named(chosen[0]) : null, suggest);
  return { node: box.node, read: () => box.read().selected.join(",") };
}

function expanded(id, e, all, chosen) {
  const boxes = all.map((o) => {
    const box = h("input", { type: e.isMultiSelect ? "checkbox" : "radio", name: id, value: o.value, checked: chosen.has(o.value) });
    return { box, node: h("label", { class: "choice" }, box, o.text) };
  });
  return { node: h("div", { id, class: "choices" }, boxes.map((b) => b.node)), read: () => boxes.filter((b) => b.box.checked).map((b) => b.box.value).join(",") };
}

// numbered gives a card's actions their numbers in reading order: those within an
// element come before its own.
export function numbered(c) {
  const all = [];
  const add = (list) => all.push(...(list || []));
  const walk = (e) => {
    for (const held of ["items", "columns", "inlines", "rows", "cells"]) for (const x of e[held] || []) if (typeof x === "object") walk(x);
    add(e.actions);
    if (e.selectAction) all.push(e.selectAction);
  };
  for (const e of c.body || []) walk(e);
  if (c.selectAction) all.push(c.selectAction);
  add(c.actions);
  return (a) => all.indexOf(a);
}
