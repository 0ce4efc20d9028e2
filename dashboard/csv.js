// Comma-separated values of all accounts that the filters let through.

import * as api from "./api.js";

const COLUMNS = [
  "account",
  "score",
  "band",
  "coverage",
  "trend_7d",
  "trend_28d",
  "segment",
  "plan",
  "owner",
  "value",
  "alerts",
  "as_of",
];

/** Spreadsheets take text that begins like this for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** @param {string | number | null | undefined} cell */
export function quoted(cell) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {api.AccountSummary} of */
function line(of) {
  const cells = [
    of.account,
    of.score,
    of.band,
    of.coverage,
    of.trend["7d"],
    of.trend["28d"],
    of.segment,
    of.plan,
    of.owner,
    of.value,
    of.alerts.join(" "),
    of.as_of,
  ];
  return cells.map(quoted).join(",");
}

/**
 * Page by page, in no more haste than the service allows.
 * @param {URLSearchParams} filters
 * @param {(done: number, total: number) => void} progress
 * @param {AbortSignal} signal
 */
export async function csv(filters, progress, signal) {
  const lines = [COLUMNS.join(",")];
  const query = new URLSearchParams(filters);
  query.set("limit", "500");
  for (;;) {
    const page = await patiently(() => api.accounts(query, signal), signal);
    lines.push(...page.accounts.map(line));
    progress(lines.length - 1, page.total);
    if (!page.next) return new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
    query.set("cursor", page.next);
  }
}

/** Comes again when it was told to. @template T @param {() => Promise<T>} ask @param {AbortSignal} signal @returns {Promise<T>} */
async function patiently(ask, signal) {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const isBusy = error instanceof api.RequestError && [0, 429, 503].includes(error.status);
      if (!isBusy || tries === 5 || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter * 1000));
    }
  }
}

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it over by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
