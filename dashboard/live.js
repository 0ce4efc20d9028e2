// What the stream says, for whichever view is shown, and the mark that says whether it is live.

import { fill, h } from "./dom.js";
import { follow } from "./stream.js";

/** @typedef {{ account: string | null }} Change What an output is about; null when anything may have changed. */

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
    timer = setTimeout(() => {
      timer = 0;
      call();
    }, after);
  };
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
  let isFirst = true;
  const to = {
    opened: () => {
      mark("live");
      // What happened before the stream was open is in the lists that were read meanwhile.
      if (!isFirst) changed({ account: null });
      isFirst = false;
    },
    /** @param {import("./api.js").RequestError | null} error */
    lost: (error) => mark(error?.status === 401 ? "token" : "reconnecting"),
    /** @param {import("./stream.js").ServerSent} event */
    event: (event) => changed({ account: event.event === "reset" ? null : subject(event.data) }),
  };
  void follow("/api/v1/stream", to, connection.signal);
}

/** @param {string} data a CloudEvent */
function subject(data) {
  try {
    return /** @type {{ subject?: string }} */ (JSON.parse(data)).subject ?? null;
  } catch {
    return null;
  }
}
