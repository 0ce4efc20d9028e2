// The token for the API, kept until the tab is closed.

const KEY = "pulsewatch.token";

export function token() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string} text */
export function keepToken(text) {
  sessionStorage.setItem(KEY, text);
}

/** @returns {Record<string, string>} */
export function authorization() {
  const known = token();
  return known ? { Authorization: `Bearer ${known}` } : {};
}
