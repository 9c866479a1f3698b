// The control API: everything the page shows and does goes through here.

// shared is what all parts of the page look at. world is the newest state, me
// the key of the person played, chat the key of the chat that is shown.
export const shared = { world: null, me: "hana", chat: "slack", open: {}, render: () => {} };

export const me = () => shared.world.people.find((p) => p.key === shared.me) || shared.world.people[0];

async function answer(res) {
  let body = {};
  try {
    body = await res.json();
  } catch {
    throw new Error("the sandbox answered " + res.status + " without JSON");
  }
  if (!res.ok) throw new Error(body.error || "the sandbox answered " + res.status);
  return body;
}

export const get = async (path) => answer(await fetch("/sandbox/" + path));

export const post = async (path, body) =>
  answer(await fetch("/sandbox/" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}) }));

export const as = (path, body) => post("as/" + shared.me + "/" + path, body);

let fetching = false, again = false;

// refresh fetches the state and renders it. Calls while one is under way make
// one more afterwards.
export async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    shared.world = await get("state");
    shared.render();
  } finally {
    fetching = false;
    if (again) {
      again = false;
      await refresh();
    }
  }
}

// listen refreshes whenever the sandbox says that something changed, and tells
// connected whether it can be reached.
export function listen(connected) {
  const stream = new EventSource("/sandbox/events");
  stream.addEventListener("change", () => refresh().then(() => connected(true), () => connected(false)));
  stream.addEventListener("error", () => connected(false));
}
