// What the chat half shows of Slack: its channels and messages in the form that
// chat.js draws, its commands, and its modals.
import { h, fill } from "./dom.js";
import { fieldErrors } from "./fields.js";
import { shared, me, as } from "./api.js";
import { blocks, mrkdwn, inputs, userName } from "./blockkit.js";

const topics = { C0AWS: "Ask for AWS access here", C0OPS: "What the bot tells the platform team", C0GEN: "Everything else" };

const words = {
  operation_timeout: "The bot did not answer within three seconds (operation_timeout).",
  dispatch_failed: "Slack could not reach the bot (dispatch_failed). Is it running?",
};

const visible = (c) => (c.is_im || c.is_private ? c.members.includes(me().slack) : true);

export const slack = {
  name: "Slack",
  home: "C0AWS",
  command: "/",
  prefix: "/aws-access",
  onboard: "/aws-onboard",
  rooms: () => shared.world.slack.channels.filter(visible).map((c) => ({
    id: c.id, name: c.is_im ? "aws-access" : c.name, personal: c.is_im,
    topic: c.is_im ? "Only you and the bot" : topics[c.id] || "",
    messages: [...c.messages, ...(c.ephemeral[me().slack] || [])].sort((a, b) => Number(a.ts) - Number(b.ts)).map((m) => message(c, m)),
  })),
  send,
  dialog,
};

function message(c, m) {
  return {
    id: m.ts.replace(".", ""), at: Number(m.ts) * 1000, sig: JSON.stringify(m), name: userName(m.user), bot: !!m.bot_id,
    person: shared.world.people.findIndex((p) => p.slack === m.user), only: !!m.is_ephemeral, edited: m.edited && Number(m.edited.ts) * 1000,
    body: () => (m.blocks?.length ? blocks(m.blocks, { channel: c.id, ts: m.ts }) : h("div", { class: "bk-text" }, mrkdwn(m.text))),
    replies: (m.replies || []).map((r) => message(c, r)),
  };
}

// send gives a text to Slack, and returns what went wrong.
async function send(room, text) {
  if (!text.startsWith("/")) {
    await as("post", { channel: room, text });
    return "";
  }
  const [command, ...rest] = text.split(" ");
  const res = await as("command", { channel: room, command, text: rest.join(" ") });
  if (res.error) return words[res.error] || command + " failed: " + res.error;
  return res.problems?.length ? "The bot's answer has a mistake: " + res.problems.join("; ") : "";
}

// dialog shows the person's top view. What was typed stays while the view is
// the same version; errors are set beside the fields without redrawing.
function dialog(shade) {
  const top = shared.world.slack.views.filter((v) => v.user === me().slack).at(-1);
  if (!top) return false;
  const v = top.view;
  if (fill(shade, v.id + v.hash, () => modal(v))) shade.querySelector("input, textarea, button.submit")?.focus();
  fieldErrors(top.errors || {});
  return true;
}

function modal(v) {
  const form = inputs(v, v.state?.values || {});
  const status = h("div", { class: "modal-status", role: "alert" });
  const quit = () => as("close", { view_id: v.id }).catch((err) => (status.textContent = err.message));
  const submit = async (ev) => {
    ev.preventDefault();
    const button = ev.currentTarget.querySelector("button.submit");
    button.disabled = true;
    status.textContent = "";
    try {
      const res = await as("submit", { view_id: v.id, values: form.read() });
      if (res.error) status.textContent = words[res.error] || "Slack could not hand this on: " + res.error;
      fieldErrors(res.errors || {});
    } catch (err) {
      status.textContent = err.message;
    }
    button.disabled = false;
  };
  return h("form", {
    class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title", onsubmit: submit, novalidate: true,
    onkeydown: (ev) => ev.key === "Escape" && quit(),
  },
    h("div", { class: "modal-head" }, h("h2", { id: "modal-title" }, v.title?.text || ""), h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: quit }, "✕")),
    h("div", { class: "modal-body" }, form.nodes, status),
    h("div", { class: "modal-foot" },
      h("button", { type: "button", class: "button", onclick: quit }, v.close?.text || "Cancel"),
      v.submit && h("button", { class: "button primary submit" }, v.submit.text)));
}
