// Addresses are behind the `#`, so that the service has one page: `#/accounts?band=red`.

/**
 * What a view is given: where to draw, its query, and a signal that aborts when another view takes its place.
 * @typedef {{ main: HTMLElement, rest: string, query: URLSearchParams, signal: AbortSignal }} Place
 * @typedef {{ title: string, load: () => Promise<{ show: (place: Place) => void }> }} View
 */

/** @param {string} hash */
export function parse(hash) {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [name = "", ...rest] = path.split("/");
  return { name, rest: safelyDecoded(rest.join("/")), query: new URLSearchParams(query) };
}

/** @param {string} text */
function safelyDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} account */
export const accountAddress = (account) => `#/account/${encodeURIComponent(account)}`;

/** @param {string} segment `<attribute>=<name>` */
export const segmentAddress = (segment) => `#/segment/${encodeURIComponent(segment)}`;

/** @param {Record<string, string>} query */
export function accountsAddress(query) {
  const text = new URLSearchParams(query).toString();
  return text ? `#/accounts?${text}` : "#/accounts";
}

/**
 * Changes the query of the view that is shown without drawing it anew; `push` makes it a step of the history.
 * @param {string} name
 * @param {URLSearchParams} query
 * @param {boolean} push
 */
export function setQuery(name, query, push) {
  const text = query.toString();
  const address = `#/${name}${text ? `?${text}` : ""}`;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
