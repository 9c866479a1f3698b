// Emoji that carry meaning are drawn from plain glyphs, so that they look the
// same, and are there at all, on machines without an emoji font.
import { h } from "./dom.js";

const drawn = {
  "✅": ["good", "✓"], "⏳": ["wait", "◔"], "▫": ["todo", ""], "🛑": ["bad", "✕"], "❌": ["bad", "✕"], "⚠": ["wait", "!"],
  "🕓": ["wait", "◷"], "🔀": ["merged", "⇄"], "⌛": ["wait", "◔"], "⛔": ["bad", "–"], "🚫": ["bad", "–"], "ℹ": ["todo", "i"], "⏰": ["wait", "◷"], "⏹": ["todo", "■"], "⚪": ["todo", ""],
  "🔗": ["todo", "↗"], "🧭": ["todo", "◇"], "🧾": ["todo", "≡"], "✉": ["wait", "@"], "⏩": ["wait", "»"], "👍": ["good", "✓"], "✋": ["bad", "–"],
};
const glyph = new RegExp("(" + Object.keys(drawn).join("|") + ")\uFE0F?", "u");

// emoji turns a text into nodes, with what is in the table above drawn.
export function emoji(text) {
  return text.split(glyph).map((part) =>
    (drawn[part] ? h("span", { class: "emo " + drawn[part][0], role: "img", "aria-label": part }, drawn[part][1]) : part)).filter((part) => part !== "");
}
