// What the stream says, for whichever view is shown, and the mark that says whether it is live.

import { fill, h } from "./dom.js";
import { follow } from "./stream.js";

/**
 * Something changed; `mayBeAbout` says whether it could have been this account. Outputs come by the thousand, so that they are not
 * read any further: a view asks the service for what it shows.
 * @typedef {{ mayBeAbout: (account: string) => boolean }} Change
 */

/** @type {Change} */
const ANYTHING = { mayBeAbout: () => true };

/** @type {Set<(change: Change) => void>} */
const listeners = new Set();

/** @param {(change: Change) => void} listener @param {AbortSignal} signal */
export function onChange(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

/** @param {Change} change */
const changed = (change) => listeners.forEach((listener) => listener(change));

/**
 * Calls so long after the first change, for all that came meanwhile.
 * @param {() => void} call
 * @param {number} after milliseconds
 * @param {AbortSignal} signal
 */
export function gathered(call, after, signal) {
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    if (timer || signal.aborted) return;
    timer = setTimeout(async () => {
      await visible(signal);
      timer = 0;
      if (!signal.aborted) call();
    }, after);
  };
}

/** Nobody looks at a hidden page: it is read anew when it is shown again. @param {AbortSignal} signal */
async function visible(signal) {
  while (document.hidden && !signal.aborted) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true, signal }));
  }
}

/** @param {"live" | "reconnecting" | "token"} state */
function mark(state) {
  const place = document.getElementById("live");
  if (!place || place.dataset.state === state) return;
  place.dataset.state = state;
  const words = { live: "Live", reconnecting: "Reconnecting…", token: "Token needed" }[state];
  fill(place, h("span", { class: "dot", "aria-hidden": "true" }), words);
}

/** @type {AbortController | null} */
let connection = null;

/** Opens the stream, anew if it is open. */
export function connect() {
  connection?.abort();
  connection = new AbortController();
  const to = {
    opened: () => {
      mark("live");
      // What was read before may be older than the first output that comes.
      changed(ANYTHING);
    },
    /** @param {import("./api.js").RequestError | null} error */
    lost: (error) => mark(error?.status === 401 ? "token" : "reconnecting"),
    /** @param {import("./stream.js").ServerSent} of */
    event: ({ event, data }) =>
      changed(event === "reset" ? ANYTHING : { mayBeAbout: (account) => data.includes(JSON.stringify(account)) }),
  };
  void follow("/api/v1/stream", to, connection.signal);
}
