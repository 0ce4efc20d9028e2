// All accounts, filtered and sorted by the service; what is asked for is in the address.

import * as api from "../api.js";
import { csv, save } from "../csv.js";
import { fill, h, tell } from "../dom.js";
import * as format from "../format.js";
import { onChange, gathered } from "../live.js";
import { panel } from "../panel.js";
import { bandMark, empty, move, table } from "../parts.js";
import { accountAddress, setQuery } from "../router.js";
import { filters } from "./filters.js";

const REFRESH_MS = 3_000;
const PAGE = 50;
const FILTERS = ["q", "band", "segment", "owner", "alert"];

/** @type {[name: string, sort: string | null, className: string][]} */
const COLUMNS = [
  ["Account", "account", ""],
  ["Score", "score", "number"],
  ["Band", null, ""],
  ["7 days", "trend", "number"],
  ["28 days", null, "number wide"],
  ["Value", "value", "number"],
  ["Segment", null, "wide"],
  ["Owner", null, "wide"],
  ["Alerts", null, "wide"],
  ["As of", "as_of", "wide"],
];

/** @param {import("../router.js").Place} place */
export function show({ main, query, signal }) {
  /** Cursors of the pages before this one, as far as they were gone through here. @type {string[]} */
  const before = [];
  const list = panel({
    id: "list",
    title: "Those that fit",
    signal,
    aside: exporter(query, signal),
    load: () => api.accounts(asked(query), signal),
    draw,
  });

  /** @param {Record<string, string | null>} changes */
  function change(changes) {
    // What was typed last may come when another view is shown.
    if (signal.aborted) return;
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    if (!("cursor" in changes)) {
      query.delete("cursor");
      before.length = 0;
    }
    setQuery("accounts", query, "cursor" in changes);
    void list.refresh();
  }

  /** @param {api.Accounts} page */
  function draw(page) {
    tell(`${page.total} accounts`);
    const cursor = query.get("cursor");
    const forward = () => {
      before.push(cursor ?? "");
      change({ cursor: page.next ?? null });
    };
    const back = () => change({ cursor: before.pop() || null });
    const pages = h(
      "div",
      { class: "pages" },
      h("span", {}, `${format.count(page.total)} ${page.total === 1 ? "account" : "accounts"}`),
      h(
        "button",
        { type: "button", onclick: back, disabled: !cursor, "data-key": "back" },
        before.length > 0 || !cursor ? "Previous" : "First page",
      ),
      h("button", { type: "button", onclick: forward, disabled: !page.next, "data-key": "next" }, "Next"),
    );
    if (page.accounts.length === 0) return [empty("No account fits these filters."), pages];
    const headings = COLUMNS.map(([name, sort, className]) => /** @type {[any, string]} */ ([heading(name, sort), className]));
    const view = table("Accounts", headings, page.accounts.map(row));
    const sort = query.get("sort") ?? "score";
    COLUMNS.forEach(([, by], index) => {
      if (by === sort.replace("-", ""))
        view.querySelectorAll("th")[index]?.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
    });
    return [h("div", { class: "scroll" }, view), pages];
  }

  /** @param {string} name @param {string | null} by */
  function heading(name, by) {
    if (!by) return name;
    const sort = query.get("sort") ?? "score";
    const sign = sort === by ? " ↑" : sort === `-${by}` ? " ↓" : "";
    const next = sort === by ? `-${by}` : by;
    return h(
      "button",
      { type: "button", class: "sort", "data-key": `sort ${by}`, onclick: () => change({ sort: next }) },
      name,
      h("span", { "aria-hidden": "true" }, sign),
    );
  }

  fill(main, h("h1", {}, "Accounts"), filters(query, change, signal), list.element);
  const refresh = gathered(() => void list.refresh(), REFRESH_MS, signal);
  onChange(refresh, signal);
}

/** What the service is asked. @param {URLSearchParams} query */
function asked(query) {
  const names = [...FILTERS, "sort", "cursor"];
  const known = [...query].filter(
    ([name, value]) => names.includes(name) && (value !== "" || name === "segment" || name === "owner"),
  );
  return new URLSearchParams([...known, ["limit", String(PAGE)]]);
}

/** @param {api.AccountSummary} account */
function row(account) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: accountAddress(account.account), "data-key": account.account }, account.account)),
    h("td", { class: "number" }, format.points(account.score)),
    h("td", {}, bandMark(account.band)),
    h("td", { class: "number" }, move(account.trend["7d"])),
    h("td", { class: "number wide" }, move(account.trend["28d"])),
    h("td", { class: "number" }, format.amount(account.value)),
    h("td", { class: "wide" }, account.segment ?? format.NOT_KNOWN),
    h("td", { class: "wide" }, account.owner ?? format.NOT_KNOWN),
    h("td", { class: "wide" }, account.alerts.map(format.words).join(", ") || format.NOT_KNOWN),
    h(
      "td",
      { class: "wide faint" },
      account.as_of
        ? h("time", { datetime: account.as_of, title: format.time(account.as_of) }, format.fromNow(account.as_of))
        : format.NOT_KNOWN,
    ),
  );
}

/** @param {URLSearchParams} query @param {AbortSignal} view */
function exporter(query, view) {
  /** @type {AbortController | null} */
  let running = null;
  const said = h("span", { class: "faint", role: "status" });
  const button = h("button", { type: "button" }, "Export CSV");
  button.addEventListener("click", async () => {
    if (running) return running.abort();
    running = new AbortController();
    const signal = AbortSignal.any([running.signal, view]);
    button.textContent = "Cancel";
    try {
      const filters = asked(query);
      filters.delete("cursor");
      const progress = (/** @type {number} */ done, /** @type {number} */ total) => {
        said.textContent = `${format.count(done)} of ${format.count(total)}`;
      };
      save(await csv(filters, progress, signal), "accounts.csv");
    } catch (error) {
      said.textContent = signal.aborted ? "Cancelled" : error instanceof Error ? error.message : String(error);
    }
    running = null;
    button.textContent = "Export CSV";
  });
  return h("div", { class: "export" }, said, button);
}
