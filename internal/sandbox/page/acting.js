// Buttons that act through the control API and say how it went.
import { byId } from "./dom.js";
import { post } from "./api.js";

// acting gives the buttons of a panel their say, the line that tells what came
// of it, and act, which makes a listener of a request and of what to tell.
export function acting(status) {
  const say = (text, bad) => {
    const el = byId(status);
    el.className = bad ? "bad-text" : "muted";
    el.textContent = text;
  };
  const act = (path, body, done) => async () => {
    try {
      await post(path, typeof body === "function" ? body() : body);
      say(done);
    } catch (err) {
      say(err.message, true);
    }
  };
  return { say, act };
}
