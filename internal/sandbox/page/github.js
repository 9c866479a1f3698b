// The pull requests of the config repo: list, detail, review and merge.
import { h, fill, patch, byId, time, date } from "./dom.js";
import { shared, me, as, get } from "./api.js";
import { markdown } from "./markdown.js";

let open = 0; // the pull request shown, 0 for the list
const diffs = new Map(); // by number and head

export function openPull(n) {
  open = n;
  shared.tab("pulls");
}

const repo = () => shared.world.github.repos.find((r) => r.full_name === shared.world.config_repo);
const pulls = () => [...(repo().pulls || [])].sort((a, b) => b.number - a.number);
const states = { open: "Open", merged: "Merged", closed: "Closed" };
const when = (t) => date(t) + " " + time(t);

// checkOf is the newest aws-access run on the head of a pull request.
const checkOf = (p) => (repo().checks || []).filter((c) => c.sha === p.head_sha && c.name === "aws-access").at(-1);

const look = {
  success: ["✓", "good", "passed"], failure: ["✕", "bad", "failed"], action_required: ["!", "wait", "waits for approval"],
  neutral: ["–", "wait", "neutral"], cancelled: ["–", "wait", "cancelled"],
};

function checkLook(c) {
  if (!c) return ["○", "wait", "has not reported"];
  return c.status === "completed" ? look[c.conclusion] || ["!", "wait", c.conclusion] : ["◌", "wait", "is running"];
}

export function renderPulls() {
  const n = pulls().filter((p) => p.state === "open").length;
  byId("count-pulls").hidden = n === 0;
  byId("count-pulls").textContent = n;
  const panel = byId("panel-pulls");
  const p = pulls().find((x) => x.number === open);
  if (!p) return renderList(panel);
  if (panel.sig !== "pull " + p.number) fill(panel, "pull " + p.number, () => skeleton(p));
  renderDetail(p);
}

function renderList(panel) {
  fill(panel, "list", () => [
    h("div", { class: "panel-head" }, h("h2", {}, "Pull requests"), h("span", { class: "muted" }, shared.world.config_repo)),
    h("div", { class: "pull-list", id: "pull-list" }), h("div", { class: "empty", id: "no-pulls" }, h("p", {}, "No pull requests yet."), h("p", { class: "muted" }, "Every request in chat becomes one. The files here are what is in force.")),
  ]);
  byId("no-pulls").hidden = pulls().length > 0;
  patch(byId("pull-list"), pulls(), (p) => p.number, (p) => JSON.stringify([p, checkOf(p)?.conclusion, checkOf(p)?.title]), (p) => {
    const [mark, kind] = checkLook(checkOf(p));
    return h("button", { class: "pull-row", dataset: { pull: p.number }, onclick: () => openPull(p.number) },
      h("span", { class: "state " + p.state }, states[p.state]),
      h("span", { class: "pull-row-main" }, h("span", { class: "pull-title" }, p.title),
        h("span", { class: "muted" }, "#" + p.number + " · " + p.author + " · " + when(p.merged || p.created))),
      h("span", { class: "mark " + kind, title: "aws-access: " + (checkOf(p)?.title || "no check yet") }, mark));
  });
}

// skeleton has the parts of a pull request that stay while it changes: what is
// typed into the review box survives every update.
function skeleton(p) {
  return h("div", { class: "pull" },
    h("div", { class: "pull-nav" }, h("button", { class: "quiet back", onclick: () => openPull(0) }, "← All pull requests"),
      h("button", { class: "quiet", id: "close-pull", onclick: act(p, "close", () => ({})) }, "Close pull request")),
    h("div", { id: "pull-head" }), h("div", { id: "pull-check" }), h("div", { id: "pull-body", class: "card md" }),
    h("h3", { class: "part" }, "Files changed"), h("div", { id: "pull-diff" }),
    h("h3", { class: "part", id: "talk-title" }, "Reviews and comments"), h("div", { id: "pull-talk" }), reviewBox(p));
}

function renderDetail(p) {
  const check = checkOf(p);
  fill(byId("pull-head"), JSON.stringify([p.title, p.state, p.labels, p.merged_by, p.head_sha]), () => head(p));
  fill(byId("pull-check"), JSON.stringify([check, p.state]), () => checkCard(check));
  fill(byId("pull-body"), p.body, () => (p.body ? markdown(p.body) : h("p", { class: "muted" }, "No description.")));
  renderDiff(p);
  const talk = [
    ...(p.reviews || []).map((r) => ({ id: "r" + r.id, by: r.by, what: r.state, body: r.body, at: r.submitted, old: r.commit !== p.head_sha })),
    ...(p.comments || []).map((c) => ({ id: "c" + c.id, by: c.by, what: "COMMENTED", body: c.body, at: c.at })),
    ...(p.merged ? [{ id: "merged", by: p.merged_by, what: "MERGED", body: "", at: p.merged }] : []),
  ].sort((a, b) => new Date(a.at) - new Date(b.at));
  byId("talk-title").hidden = talk.length === 0;
  patch(byId("pull-talk"), talk, (t) => t.id, (t) => JSON.stringify(t), remark);
  renderBox(p, check);
}

function head(p) {
  return [
    h("h2", { class: "pull-name" }, p.title, h("span", { class: "muted number" }, " #" + p.number)),
    h("div", { class: "pull-meta" }, h("span", { class: "state " + p.state }, states[p.state]),
      h("span", {}, h("b", {}, p.merged_by || p.author), p.state === "merged" ? " merged " : " wants to merge ", h("code", {}, p.head), " into ", h("code", {}, p.base))),
    p.labels?.length ? h("div", { class: "labels" }, p.labels.map((l) => h("span", { class: "label" }, l))) : null,
  ];
}

function checkCard(c) {
  const [mark, kind, says] = checkLook(c);
  if (!c) return h("div", { class: "card check wait" }, h("div", { class: "check-head" }, h("span", { class: "mark wait" }, mark), h("b", {}, "aws-access"), h("span", { class: "muted" }, says)));
  return h("details", { class: "card check " + kind, open: true },
    h("summary", { class: "check-head" }, h("span", { class: "mark " + kind }, mark), h("b", {}, c.name), h("span", {}, c.title || says), h("span", { class: "muted right" }, c.app)),
    h("div", { class: "md" }, c.summary ? markdown(c.summary) : null, c.text ? markdown(c.text) : null));
}

const verbs = {
  APPROVED: ["✓", "good", "approved"], CHANGES_REQUESTED: ["✕", "bad", "requested changes"], COMMENTED: ["…", "", "commented"],
  DISMISSED: ["–", "", "had approved; dismissed"], MERGED: ["⇥", "merged", "merged"], PENDING: ["○", "", "began a review"],
};

function remark(t) {
  const [mark, kind, verb] = verbs[t.what] || ["·", "", t.what.toLowerCase()];
  return h("div", { class: "remark" }, h("span", { class: "mark " + kind }, mark),
    h("div", {}, h("div", {}, h("b", {}, t.by), " " + verb, t.old && h("span", { class: "muted" }, " an older version"), h("span", { class: "muted" }, " · " + when(t.at))),
      t.body && h("div", { class: "md remark-body" }, markdown(t.body))));
}

function renderDiff(p) {
  const key = p.number + " " + p.head_sha + " " + p.state;
  const box = byId("pull-diff");
  if (box.sig === key) return;
  if (diffs.has(key)) return fill(box, key, () => diff(diffs.get(key)));
  if (box.asked === key) return;
  box.asked = key;
  get("github/pulls/" + p.number + "/diff").then((r) => {
    diffs.set(key, r.diff);
    if (byId("pull-diff") === box) fill(box, key, () => diff(r.diff));
  }, (err) => fill(box, key, () => h("p", { class: "muted" }, err.message)));
}

// diff renders a unified diff, file by file, with the line numbers of both sides.
export function diff(text) {
  const files = [];
  let rows = null, a = 0, b = 0;
  for (const line of text.split("\n")) {
    const name = /^diff --git a\/(.*) b\/(.*)$/.exec(line);
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (name) {
      files.push({ name: name[2], rows: (rows = []), kind: "" });
    } else if (hunk) {
      [a, b] = [Number(hunk[1]), Number(hunk[2])];
      rows.push(["hunk", "", "", line]);
    } else if (/^new file/.test(line)) files.at(-1).kind = "new";
    else if (/^deleted file/.test(line)) files.at(-1).kind = "deleted";
    else if (rows?.length && line[0] === "+") rows.push(["add", "", b++, line.slice(1)]);
    else if (rows?.length && line[0] === "-") rows.push(["del", a++, "", line.slice(1)]);
    else if (rows?.length && line[0] === " ") rows.push(["", a++, b++, line.slice(1)]);
  }
  return files.map((f) => h("div", { class: "card file" },
    h("div", { class: "file-head" }, h("code", {}, f.name), f.kind && h("span", { class: "label" }, f.kind)),
    h("div", { class: "lines" }, f.rows.map(([kind, x, y, t]) =>
      h("div", { class: "line " + kind }, h("span", { class: "no" }, String(x)), h("span", { class: "no" }, String(y)), h("span", { class: "sign" }, { add: "+", del: "−" }[kind] || ""), h("span", { class: "text" }, t || " "))))));
}

// act does something with a pull request as the present person. What is typed
// in the comment box goes with it, and is kept if GitHub refuses.
function act(p, what, extra) {
  return async () => {
    const status = byId("review-status"), text = byId("review-text");
    status.textContent = "";
    try {
      await as("github/" + what, { pull: p.number, ...extra(text.value.trim()) });
      text.value = "";
    } catch (err) {
      status.textContent = err.message.replace(/^\d{3} /, "GitHub: ");
    }
  };
}

function reviewBox(p) {
  const send = (what, extra) => act(p, what, extra);
  const review = (event) => send("review", (body) => ({ event, body }));
  return h("div", { class: "review card", id: "review-box" },
    h("div", { class: "review-who", id: "review-who" }),
    h("textarea", { id: "review-text", rows: 1, placeholder: "Leave a comment", "aria-label": "Comment" }),
    h("div", { class: "review-buttons" },
      h("button", { class: "button good", id: "approve", onclick: review("APPROVE") }, "Approve"),
      h("button", { class: "button", id: "request-changes", onclick: review("REQUEST_CHANGES") }, "Request changes"),
      h("button", { class: "button", id: "comment", onclick: send("comment", (body) => ({ body })) }, "Comment"),
      h("span", { class: "gap" }),
      h("select", { id: "method", "aria-label": "How to merge" }, ["squash", "merge"].map((m) => h("option", { value: m }, m === "squash" ? "Squash" : "Merge commit"))),
      h("button", { class: "button primary", id: "merge", onclick: send("merge", () => ({ method: byId("method").value })) }, "Merge"),
      h("button", { class: "button primary", id: "enqueue", onclick: send("enqueue", () => ({})) }, "Merge when ready"),
      h("button", { class: "button", id: "dequeue", onclick: send("dequeue", () => ({})) }, "Remove from the queue")),
    h("div", { class: "review-status", id: "review-status", role: "alert" }), h("div", { class: "muted", id: "blocked" }));
}

const queueSays = {
  QUEUED: "its merge group is not built yet.", AWAITING_CHECKS: "its merge group waits for the checks.",
  MERGEABLE: "its checks passed; it waits for those ahead of it.", UNMERGEABLE: "its checks failed; it leaves the queue when it is at the front.",
};

function renderBox(p) {
  const on = !!me().github, live = p.state === "open";
  fill(byId("review-who"), me().key + live, () => (on ? [h("b", {}, me().name), h("span", { class: "muted" }, " · " + me().github)] : h("span", { class: "muted" }, me().name + " is not on GitHub.")));
  for (const id of ["approve", "request-changes", "comment", "review-text"]) byId(id).disabled = !on;
  byId("close-pull").hidden = !live;
  byId("merge").hidden = byId("method").hidden = !live || !!p.must_queue;
  byId("enqueue").hidden = !live || !p.must_queue || !!p.queued;
  byId("dequeue").hidden = !p.queued;
  byId("dequeue").disabled = !on;
  byId("close-pull").disabled = !on;
  const blocked = live ? p.violations || [] : [];
  byId("merge").disabled = byId("enqueue").disabled = !on || blocked.length > 0;
  byId("blocked").textContent = p.queued ? "In the merge queue at position " + p.queued.position + ": " + queueSays[p.queued.state] :
    blocked.length ? "Merging is blocked: " + blocked.join(" ") : "";
}
