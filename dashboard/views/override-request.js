// What the form of an override says, as a request, and what a refusal means.

/** @typedef {import("../api.js").OverrideRequest} OverrideRequest */

/** What the form holds. @typedef {{ by: string, score: string, band: string, reason: string, author: string, expires: string }} Draft */

/** The draft as a request; mistakes are left to the service, which names them all. @param {Draft} draft @returns {OverrideRequest} */
export function requestOf({ by, score, band, reason, author, expires }) {
  return {
    ...(by === "score"
      ? score.trim()
        ? { score: Number(score) }
        : {}
      : { band: /** @type {OverrideRequest["band"]} */ (band) }),
    reason: reason.trim(),
    author: author.trim(),
    ...(expires ? { expires: `${expires.length === MINUTE.length ? `${expires}:00` : expires}Z` } : {}),
  };
}

/** What a browser says of a local time without seconds; the field's is UTC. */
const MINUTE = "2026-09-01T00:00";

/** @param {string} text */
const sentence = (text) => (text.endsWith(".") ? text : `${text}.`);

/** @param {{ status: number, detail: string, message: string }} error */
export function refusal({ status, detail, message }) {
  if (status === 403) return `Not sent: ${detail}. It takes a token that may write (http.write_token_file).`;
  if (status === 409) return `Not sent: nothing carries what people say of accounts: ${detail}`;
  if (status === 422) return "Not sent: something is wrong with it.";
  // Nobody answered, or the service does not know whether Kafka has it.
  if (status === 0 || status >= 500)
    return `It may not have been sent: ${sentence(message)} Send it again as it is: it counts once.`;
  return `Not sent: ${sentence(message)}`;
}

/**
 * The key of what is being sent: the same while the same is tried again, so that it counts once, and another one for something else
 * and after it was taken.
 */
export function keys() {
  /** @type {{ body: string, key: string } | null} */
  let last = null;
  return {
    /** @param {unknown} request */
    of(request) {
      const body = JSON.stringify(request);
      if (last?.body !== body) last = { body, key: randomKey() };
      return last.key;
    },
    spent() {
      last = null;
    },
  };
}

/** `randomUUID` is only there on pages of https and of this machine. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `dashboard-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
