// How all accounts stand: what to look at first on a Monday morning.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { onChange, gathered } from "../live.js";
import { sources } from "../metrics.js";
import { panel } from "../panel.js";
import { BANDS, bandMark, bar, empty, move, table } from "../parts.js";
import { accountAddress, accountsAddress } from "../router.js";
import { alerts } from "./alerts.js";
import { freshness } from "./freshness.js";
import { movingBriefly } from "./moving.js";

const REFRESH_MS = 5_000;
const MOVERS = 8;

/** @param {import("../router.js").Place} place */
export function show({ main, signal }) {
  // Two panels each are made from these.
  const segments = api.shared(() => api.segments(signal));
  const watched = api.shared(() => api.watchedSegments(signal));
  /** Without the model there is no word of silences. */
  const silences = api.model(signal).then(
    ({ silences }) => silences,
    () => [],
  );
  const standing = panel({ id: "bands", title: "Where accounts stand", signal, load: segments, draw: bands });
  const left = [
    panel({
      id: "movers",
      title: "Fell most in 7 days",
      signal,
      load: worstMovers,
      draw: movers,
      aside: h("a", { href: accountsAddress({ sort: "trend" }) }, "All accounts"),
    }),
    panel({
      id: "moving",
      title: "How segments moved in 7 days",
      signal,
      load: watched,
      draw: ({ segments }) => movingBriefly(segments),
      aside: h("a", { href: "#/segments" }, "All segments"),
    }),
    panel({ id: "distribution", title: "Scores", signal, load: segments, draw: distribution }),
    panel({ id: "sources", title: "Sources", signal, load: sources, draw: freshness }),
  ];
  const openAlerts = panel({
    id: "alerts",
    title: "Open alerts",
    signal,
    draw: alerts,
    load: async (signal) => {
      const open = api.alerts(new URLSearchParams({ state: "open", limit: "500" }), signal);
      const [accounts, { segments }] = await Promise.all([open, watched()]);
      return { accounts, segments, silences: await silences };
    },
  });
  const panels = [standing, ...left, openAlerts];
  fill(
    main,
    h("h1", {}, "Overview"),
    standing.element,
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        left.map(({ element }) => element),
      ),
      h("div", {}, openAlerts.element),
    ),
  );
  const refresh = gathered(() => panels.forEach((panel) => void panel.refresh()), REFRESH_MS, signal);
  onChange(refresh, signal);
}

/** @param {api.Segments} answer */
function bands({ segments }) {
  const sum = (/** @type {(segment: api.Segment) => number} */ of) => segments.reduce((sum, segment) => sum + of(segment), 0);
  const accounts = sum((segment) => segment.accounts);
  const value = sum((segment) => segment.value);
  if (accounts === 0) return [empty("No account has been scored yet. They appear here as soon as events come in.")];
  const tiles = BANDS.map((band) => {
    const count = sum((segment) => segment.bands[band].accounts);
    const worth = sum((segment) => segment.bands[band].value);
    return h(
      "a",
      { class: `tile ${band}`, href: accountsAddress({ band }), "data-key": band },
      bandMark(band),
      h("strong", {}, format.count(count), h("span", { class: "unit" }, count === 1 ? " account" : " accounts")),
      bar(count / accounts, band),
      h("span", { class: "faint" }, `${format.amount(worth)} in value`, value > 0 && `, ${format.share(worth / value)}`),
    );
  });
  return [
    h("p", { class: "lead" }, `${format.count(accounts)} accounts worth ${format.amount(value)}`),
    h("div", { class: "tiles" }, tiles),
  ];
}

/** @param {api.Segments} answer */
function distribution({ segments }) {
  const counts = Array.from({ length: 10 }, (_, tenth) =>
    segments.reduce((sum, segment) => sum + (segment.scores[tenth] ?? 0), 0),
  );
  const most = Math.max(...counts);
  const scored = counts.reduce((sum, count) => sum + count, 0);
  if (scored === 0) return [empty("No account has a score yet.")];
  const columns = counts.map((count, tenth) =>
    h(
      "li",
      {},
      h("span", { class: "count" }, count > 0 && format.amount(count)),
      h("span", { class: "column", style: { height: `${(count / most) * 100}%` }, "aria-hidden": "true" }),
      h(
        "span",
        { class: "range" },
        h("span", { class: "visually-hidden" }, "accounts from "),
        `${tenth * 10}`,
        h("span", { class: "visually-hidden" }, ` to ${tenth * 10 + 10} points`),
      ),
    ),
  );
  return [h("ol", { class: "histogram" }, columns), h("p", { class: "faint" }, "Accounts by score, 100 is healthy.")];
}

/** @param {AbortSignal} signal */
const worstMovers = (signal) => api.accounts(new URLSearchParams({ sort: "trend", limit: String(MOVERS) }), signal);

/** @param {api.Accounts} answer */
function movers({ accounts }) {
  const fell = accounts.filter((account) => (account.trend["7d"] ?? 0) <= -0.05);
  if (fell.length === 0) return [empty("No score is lower than 7 days ago.")];
  const rows = fell.map((account) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: accountAddress(account.account), "data-key": account.account }, account.account)),
      h("td", { class: "number" }, move(account.trend["7d"])),
      h("td", { class: "number" }, format.points(account.score)),
      h("td", {}, bandMark(account.band)),
      h("td", { class: "number wide" }, format.amount(account.value)),
    ),
  );
  return [
    table(
      "Accounts that fell most in 7 days",
      [["Account"], ["7 days", "number"], ["Score", "number"], ["Band"], ["Value", "number wide"]],
      rows,
    ),
  ];
}
