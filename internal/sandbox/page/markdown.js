// A safe subset of GitHub's Markdown: headings, paragraphs, lists, tables,
// fenced code, quotes, rules, and inline code, bold, emphasis and links.
// HTML is not read but <br>; comments are dropped, as GitHub does not show them.
import { h, isWeb } from "./dom.js";

export function markdown(text) {
  const lines = text.replace(/\r/g, "").replace(/<!--[\s\S]*?-->/g, "").split("\n");
  const out = [];
  for (let i = 0; i < lines.length; ) {
    const [node, next] = block(lines, i);
    if (node) out.push(node);
    i = next;
  }
  return out;
}

function block(lines, i) {
  const line = lines[i];
  if (line.trim() === "") return [null, i + 1];
  const fence = /^(`{3,}|~{3,})/.exec(line);
  if (fence) return fenced(lines, i, fence[1]);
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading) return [h("h" + Math.min(6, heading[1].length + 2), {}, inline(heading[2])), i + 1];
  if (/^(-{3,}|\*{3,})\s*$/.test(line)) return [h("hr"), i + 1];
  if (line.startsWith("|") && /^\|[\s:|-]+\|?\s*$/.test(lines[i + 1] || "")) return table(lines, i);
  if (/^\s*([-*•]|\d+\.)\s+/.test(line)) return list(lines, i);
  if (line.startsWith(">")) return quote(lines, i);
  return paragraph(lines, i);
}

function fenced(lines, i, mark) {
  let end = i + 1;
  while (end < lines.length && !lines[end].startsWith(mark)) end++;
  return [h("pre", { class: "code" }, lines.slice(i + 1, end).join("\n")), end + 1];
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((c) => c.trim().replace(/\\\|/g, "|"));

function table(lines, i) {
  let end = i + 2;
  while (end < lines.length && lines[end].startsWith("|")) end++;
  const head = cells(lines[i]);
  return [h("div", { class: "table-box" }, h("table", {},
    head.some((c) => c !== "") && h("thead", {}, h("tr", {}, head.map((c) => h("th", {}, inline(c))))),
    h("tbody", {}, lines.slice(i + 2, end).map((l) => h("tr", {}, cells(l).map((c) => h("td", {}, inline(c)))))))), end];
}

function list(lines, i) {
  const item = /^\s*(?:[-*•]|\d+\.)\s+(.*)$/;
  const ordered = /^\s*\d/.test(lines[i]);
  const items = [];
  for (let m; i < lines.length && (m = item.exec(lines[i])); i++) {
    const box = /^\[([ xX])\]\s+(.*)$/.exec(m[1]);
    items.push(h("li", {}, box ? [box[1] === " " ? "☐ " : "☑ ", inline(box[2])] : inline(m[1])));
  }
  return [h(ordered ? "ol" : "ul", {}, items), i];
}

function quote(lines, i) {
  const start = i;
  while (i < lines.length && lines[i].startsWith(">")) i++;
  return [h("blockquote", {}, markdown(lines.slice(start, i).map((l) => l.replace(/^>\s?/, "")).join("\n"))), i];
}

function paragraph(lines, i) {
  const start = i++;
  while (i < lines.length && lines[i].trim() !== "" && !/^(#{1,6}\s|`{3}|\||>|\s*([-*•]|\d+\.)\s)/.test(lines[i])) i++;
  return [h("p", {}, inline(lines.slice(start, i).join("\n"))), i];
}

const pattern = /(`+)(.+?)\1(?!`)|\*\*(?=\S)(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|(^|[\s(])[*_](?=\S)([^*_]+?)[*_](?=$|[\s).,:;!?])|\\([!-/:-@[-`{-~])|(<br>)/s;

export function inline(text) {
  const out = [];
  while (text !== "") {
    const m = pattern.exec(text);
    if (!m) {
      out.push(text);
      break;
    }
    const before = text.slice(0, m.index) + (m[6] || "");
    if (before) out.push(before);
    if (m[2] !== undefined) out.push(h("code", {}, m[2]));
    else if (m[3] !== undefined) out.push(h("strong", {}, inline(m[3])));
    else if (m[4] !== undefined) out.push(isWeb(m[5]) ? h("a", { href: m[5], "data-link": m[5] }, inline(m[4])) : m[4]);
    else if (m[7] !== undefined) out.push(h("em", {}, inline(m[7])));
    else if (m[9] !== undefined) out.push(h("br"));
    else out.push(m[8]);
    text = text.slice(m.index + m[0].length);
  }
  return out;
}
