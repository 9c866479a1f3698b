// A select with type-ahead, as Slack's external select: it lists at once and
// narrows while one types. Arrow keys, Enter and Escape work.
import { h } from "./dom.js";

const pause = 150; // ms after a key before the app is asked

// combobox returns the control and how to read it. current is the option chosen
// so far; suggest(query) promises options {text, value, description}. With picked,
// each choice is given to it and the control is empty again.
export function combobox(id, placeholder, current, suggest, picked) {
  let chosen = current ? { text: current.text.text, value: current.value } : null;
  let shown = [], at = -1, asked = 0, timer = 0;
  const input = h("input", {
    id, role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": id + "-list",
    placeholder: placeholder || "Choose", value: chosen ? chosen.text : "", spellcheck: "false",
  });
  const list = h("div", { class: "options", id: id + "-list", role: "listbox", hidden: true });
  const node = h("div", { class: "combo" }, input, h("span", { class: "combo-mark", "aria-hidden": "true" }, "⌄"), list);

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.value = chosen ? chosen.text : "";
  };
  const choose = (o) => {
    if (picked) picked(o);
    else chosen = o;
    close();
  };
  const draw = () => {
    list.replaceChildren(...shown.map((o, i) =>
      h("div", {
        role: "option", class: "option" + (i === at ? " at" : ""), "aria-selected": String(chosen?.value === o.value), dataset: { value: o.value },
        onmousedown: (ev) => {
          ev.preventDefault();
          choose(o);
        },
      }, h("span", {}, o.text), o.description && h("span", { class: "option-more" }, o.description))));
    if (shown.length === 0) list.append(h("div", { class: "option none" }, "Nothing matches"));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const ask = async (query) => {
    const mine = ++asked;
    try {
      const options = await suggest(query);
      if (mine !== asked || document.activeElement !== input) return;
      shown = options;
      at = options.length ? 0 : -1;
      draw();
    } catch (err) {
      list.replaceChildren(h("div", { class: "option none" }, err.message));
      list.hidden = false;
    }
  };
  input.addEventListener("focus", () => {
    input.select();
    ask("");
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value === "") chosen = null;
    timer = setTimeout(() => ask(input.value), pause);
  });
  input.addEventListener("blur", () => {
    asked++;
    close();
  });
  input.addEventListener("keydown", (ev) => {
    if (ev.key === "ArrowDown" || ev.key === "ArrowUp") {
      ev.preventDefault();
      if (list.hidden) return void ask(input.value);
      at = (at + (ev.key === "ArrowDown" ? 1 : -1) + shown.length) % Math.max(1, shown.length);
      draw();
    } else if (ev.key === "Enter" && !list.hidden && shown[at]) {
      ev.preventDefault();
      choose(shown[at]);
    } else if (ev.key === "Escape" && !list.hidden) {
      ev.stopPropagation();
      close();
    }
  });
  // Enter chooses; it never submits the form around.
  input.addEventListener("keypress", (ev) => ev.key === "Enter" && ev.preventDefault());
  return { node, read: () => ({ selected: chosen ? [chosen.value] : [] }) };
}

// multibox is a combobox for several: what is chosen stands above it, and goes
// with a click.
export function multibox(id, placeholder, current, suggest) {
  const chosen = (current || []).map((o) => ({ text: o.text.text, value: o.value }));
  const chips = h("div", { class: "chips" });
  const draw = () => chips.replaceChildren(...chosen.map((o, i) => h("button", {
    type: "button", class: "chip", title: "Take away", dataset: { value: o.value },
    onclick: () => {
      chosen.splice(i, 1);
      draw();
    },
  }, o.text + " ×")));
  const box = combobox(id, placeholder, null, suggest, (o) => {
    if (!chosen.some((c) => c.value === o.value)) chosen.push(o);
    draw();
  });
  draw();
  return { node: h("div", {}, chips, box.node), read: () => ({ selected: chosen.map((o) => o.value) }) };
}
