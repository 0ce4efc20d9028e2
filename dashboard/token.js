// The token for the API, kept until the tab is closed.

const KEY = "pulsewatch.token";

/** Where storage is forbidden it lasts as long as the page. @type {string | null} */
let entered = null;

export function token() {
  try {
    return sessionStorage.getItem(KEY) ?? entered;
  } catch {
    return entered;
  }
}

/** @param {string} text */
export function keepToken(text) {
  entered = text;
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // See `entered`.
  }
}

/** @returns {Record<string, string>} */
export function authorization() {
  const known = token();
  return known ? { Authorization: `Bearer ${known}` } : {};
}
