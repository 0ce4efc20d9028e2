// One segment that the model watches: how it stands, and what moved it.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { onChange, gathered } from "../live.js";
import { panel } from "../panel.js";
import { bandMark, bar, BANDS, empty, fact, move, table } from "../parts.js";
import { accountsAddress } from "../router.js";
import { alertItem } from "./alert-item.js";
import { segmentHistory } from "./segment-history.js";

const REFRESH_MS = 5_000;

/** Population stability index: from where on much has changed, something has, and little has (N. Siddiqi, 2006). */
const DRIFT = /** @type {const} */ ([
  [0.25, "much has changed"],
  [0.1, "something has changed"],
  [0, "little has changed"],
]);

/** @param {import("../router.js").Place} place */
export function show({ main, rest: id, signal }) {
  const load = api.shared(async () => {
    const { segments } = await api.watchedSegments(signal);
    const found = segments.find(({ segment }) => segment === id);
    if (!found) throw new Error(`The model watches no segment ${id}, or nothing has been said of it yet.`);
    return found;
  });
  const common = { signal, load, follows: true };
  /** @type {() => void} */
  const refreshAll = () => panels.forEach((panel) => void panel.refresh());
  const [now, change, bands, why, open, measured] = [
    panel({ ...common, id: "standing", title: "Now", draw: standing, follows: false, retry: refreshAll }),
    panel({ ...common, id: "change", title: "Who moved it", draw: withinAndMix }),
    panel({ ...common, id: "bands", title: "Bands", draw: byBand }),
    panel({ ...common, id: "why", title: "What moved it in 28 days", draw: drivers }),
    panel({ ...common, id: "open", title: "Open alerts", draw: openAlerts }),
    panel({ ...common, id: "measures", title: "Measures", draw: measures }),
  ];
  // From the checkpoints, and so by itself: the rest is there without Redis.
  const history = panel({
    id: "history",
    title: "Score over time",
    signal,
    load: (signal) => api.watchedSegment(id, signal),
    draw: (segment) => (segment ? segmentHistory(segment, signal) : []),
  });
  const panels = [now, change, bands, why, open, measured, history];
  fill(
    main,
    h("p", { class: "crumb" }, h("a", { href: "#/segments" }, "Segments")),
    h("h1", {}, id.replace("=", " ")),
    h("div", { class: "columns" }, h("div", {}, now.element, open.element), h("div", {}, change.element, why.element)),
    history.element,
    bands.element,
    measured.element,
  );
  onChange(gathered(refreshAll, REFRESH_MS, signal), signal);
}

/** @param {api.WatchedSegment} segment */
function standing(segment) {
  return [
    h("p", { class: "score" }, h("strong", {}, format.points(segment.score)), " of 100, the mean of its accounts"),
    h(
      "dl",
      { class: "facts" },
      fact("7 days", move(segment.change["7d"].score)),
      fact("28 days", move(segment.change["28d"].score)),
      fact("Mean by value", format.points(segment.value_score)),
      fact("Accounts", accounts(segment)),
      fact("Value", format.amount(segment.value)),
      fact("Spread against 28 days ago", drift(segment.psi)),
      fact("As of", format.time(segment.as_of)),
    ),
  ];
}

/** The list of accounts knows one attribute. @param {api.WatchedSegment} segment */
function accounts({ accounts, attribute, name }) {
  const text = format.count(accounts);
  return attribute === "segment" ? h("a", { href: accountsAddress({ segment: name }) }, text) : text;
}

/** @param {number | null | undefined} psi */
function drift(psi) {
  const [, words] = DRIFT.find(([least]) => (psi ?? NaN) >= least) ?? [];
  return words ? `${words} (index ${psi?.toFixed(2)})` : format.NOT_KNOWN;
}

/** @param {api.WatchedSegment} segment */
function withinAndMix({ change }) {
  const row = (/** @type {string} */ name, /** @type {api.WatchedSegment["change"]["7d"]} */ { score, within, mix }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      [score, within, mix].map((points) => h("td", { class: "number" }, move(points))),
    );
  return [
    table(
      "Change of the mean score",
      [["In"], ["Change", "number"], ["Within", "number"], ["Mix", "number"]],
      [row("7 days", change["7d"]), row("28 days", change["28d"])],
    ),
    h("p", { class: "faint" }, "Within: the accounts that were there then as now. Mix: what came of those that came or went."),
  ];
}

/** @param {api.WatchedSegment} segment */
function byBand({ bands, accounts, value }) {
  const rows = BANDS.flatMap((band) => bands.filter((of) => of.band === band)).map((of) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, bandMark(of.band)),
      h("td", { class: "number" }, format.count(of.accounts)),
      h("td", { class: "wide" }, bar(accounts > 0 ? of.accounts / accounts : 0, of.band)),
      h("td", { class: "number" }, format.amount(of.value)),
      h("td", { class: "number" }, value > 0 ? format.share(of.value / value) : format.NOT_KNOWN),
    ),
  );
  return [
    table(
      "Accounts and value by band",
      [["Band"], ["Accounts", "number"], ["", "wide share"], ["Value", "number"], ["Of the value", "number"]],
      rows,
    ),
  ];
}

/** @param {api.WatchedSegment} segment */
function drivers({ drivers }) {
  if (drivers.length === 0) return [empty("No indicator has moved, or there is nothing to compare with yet.")];
  const rows = drivers.map((driver) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, format.words(driver.indicator)),
      h("td", { class: "number" }, move(driver.change)),
      h("td", { class: "number" }, format.points(driver.score)),
    ),
  );
  return [table("What moved the mean score", [["Indicator"], ["Points", "number"], ["Its score now", "number"]], rows)];
}

/** @param {api.WatchedSegment} segment */
function measures({ measures }) {
  if (measures.length === 0) return [empty("The model measures nothing else of it.")];
  const rows = measures.map(({ id, value, change }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, format.words(id)),
      h("td", { class: "number" }, format.rough(value)),
      h("td", { class: "number" }, relative(value, change)),
    ),
  );
  return [table("Measures", [["Measure"], ["Now", "number"], ["28 days", "number"]], rows)];
}

/** A change as a part of what there was. @param {number | null | undefined} value @param {number | null | undefined} change */
export function relative(value, change) {
  const before = (value ?? NaN) - (change ?? NaN);
  if (!(before > 0)) return format.NOT_KNOWN;
  const part = (change ?? NaN) / before;
  const text = format.share(Math.abs(part));
  if (text === "0%") return text;
  return `${part < 0 ? "−" : "+"}${text}`;
}

/** @param {api.WatchedSegment} segment */
function openAlerts({ alerts }) {
  if (alerts.length === 0) return [empty("Nothing is open.")];
  const items = alerts.map((alert) =>
    alertItem(alert, h("strong", {}, format.words(alert.alert)), [
      `since ${format.time(alert.since)}`,
      alert.playbook && `playbook ${alert.playbook}`,
    ]),
  );
  return [h("ol", { class: "alerts" }, items)];
}
