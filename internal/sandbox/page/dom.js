// Small tools for building the page. Text only ever becomes text nodes: nothing
// that came over the wire is read as markup.

const properties = new Set(["value", "checked", "disabled", "selected", "hidden", "tabIndex", "textContent", "open", "readOnly"]);

// h makes an element with properties, listeners (onclick: f) and children, which
// are elements, strings, lists of these, or nothing.
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, v] of Object.entries(props || {})) {
    if (v === null || v === undefined) continue;
    if (name === "class") el.className = v;
    else if (name === "dataset") Object.assign(el.dataset, v);
    else if (name.startsWith("on")) el.addEventListener(name.slice(2), v);
    else if (name === "href") { if (isWeb(v)) el.href = v; }
    else if (properties.has(name)) el[name] = v;
    else if (v !== false) el.setAttribute(name, v === true ? "" : v);
  }
  add(el, children);
  return el;
}

function add(el, children) {
  for (const c of children) {
    if (c === null || c === undefined || c === false) continue;
    if (Array.isArray(c)) add(el, c);
    else el.append(c);
  }
}

// isWeb keeps javascript: and the like out of links.
export function isWeb(url) {
  try {
    return ["http:", "https:"].includes(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

// fill replaces the children of an element, but only if sig has changed since
// the last time, so that what did not change keeps its focus and selection. It
// says whether it did.
export function fill(el, sig, make) {
  if (el.sig === sig) return false;
  el.sig = sig;
  el.replaceChildren();
  add(el, [make()]);
  return true;
}

// patch makes the children of parent those of items, by key. An element whose
// signature is as it was stays untouched.
export function patch(parent, items, key, sig, make) {
  const old = new Map([...parent.children].map((c) => [c.dataset.key, c]));
  items.forEach((item, i) => {
    const k = String(key(item)), s = sig(item);
    let el = old.get(k);
    old.delete(k);
    if (!el || el.sig !== s) {
      const fresh = make(item, el);
      fresh.dataset.key = k;
      fresh.sig = s;
      if (el) el.replaceWith(fresh);
      el = fresh;
    }
    if (parent.children[i] !== el) parent.insertBefore(el, parent.children[i] || null);
  });
  for (const el of old.values()) el.remove();
}

export const byId = (id) => document.getElementById(id);

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockSecs = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat([], { year: "numeric", month: "short", day: "numeric" });

export const time = (t) => clock.format(new Date(t));
export const timeSecs = (t) => clockSecs.format(new Date(t));

// date is "Today", "Yesterday", "Tomorrow" or the date.
export function date(t) {
  const d = new Date(t), now = new Date();
  const days = Math.round((new Date(d).setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / 864e5);
  return { "-1": "Yesterday", 0: "Today", 1: "Tomorrow" }[days] || day.format(d);
}

// when is date within a sentence.
export const when = (t) => date(t).replace(/^[TY][a-z]+$/, (d) => d.toLowerCase());

// span is a duration for people: "3 h 59 min", "40 s".
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.round(s / 60) + " min";
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
  return Math.round(s / 86400) + " days";
}

// until says when something ends: soon as a countdown, later as a date.
export function until(t) {
  const left = new Date(t) - Date.now();
  if (left <= 0) return "has ended";
  return left < 2 * 864e5 ? "ends in " + span(left) : "until " + day.format(new Date(t));
}

const hues = [262, 168, 18, 205, 330, 95, 40, 285];

// avatar is a coloured square with initials.
export function avatar(name, index, small) {
  const initials = name.split(/\s+/).map((w) => w[0] || "").join("").slice(0, 2).toUpperCase();
  const el = h("span", { class: "avatar" + (small ? " small" : ""), "aria-hidden": "true" }, initials);
  el.style.setProperty("--hue", hues[index % hues.length]);
  return el;
}
