// Reads server-sent events with `fetch`: an EventSource cannot show a token. Resumes after the last event that came.

import { request, RequestError } from "./api.js";

/** @typedef {{ id: string, event: string, data: string }} ServerSent */

/** Longer than two heartbeats are apart: a connection that says nothing for so long is gone. */
const SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Runs until `signal` aborts.
 * @param {string} path
 * @param {{ opened: () => void, lost: (error: RequestError | null) => void, event: (event: ServerSent) => void }} to
 * @param {AbortSignal} signal
 */
export async function follow(path, to, signal) {
  let last = "";
  let wait = 1_000;
  while (!signal.aborted) {
    const connection = new AbortController();
    const stop = () => connection.abort();
    signal.addEventListener("abort", stop);
    /** @type {RequestError | null} */
    let cause = null;
    try {
      /** @type {Record<string, string>} */
      const headers = last ? { "Last-Event-ID": last } : {};
      const response = await request(path, { signal: connection.signal, headers });
      to.opened();
      wait = 1_000;
      for await (const event of eventsOf(response, connection)) {
        last = event.id || last;
        if (event.data) to.event(event);
      }
    } catch (error) {
      if (error instanceof RequestError) cause = error;
    }
    signal.removeEventListener("abort", stop);
    if (signal.aborted) return;
    to.lost(cause);
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** @param {number} milliseconds @param {AbortSignal} signal */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve(undefined);
      },
      { once: true },
    );
  });
}

/**
 * @param {Response} response
 * @param {AbortController} connection
 * @returns {AsyncGenerator<ServerSent>}
 */
async function* eventsOf(response, connection) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const timer = setTimeout(() => connection.abort(), SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield parse(block);
  }
}

/** @param {string} block @returns {ServerSent} */
export function parse(block) {
  const event = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, name, text] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === "id" || name === "event" || name === "data") event[name] = text ?? "";
  }
  return event;
}
