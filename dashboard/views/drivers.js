// Why the score moved: from the score before, driver by driver, to the score after.

import { h } from "../dom.js";
import * as format from "../format.js";
import { empty, move } from "../parts.js";
import { addingUp } from "../rounding.js";

/** @typedef {NonNullable<import("../api.js").Account["last_move"]>} Move */
/** @typedef {import("../api.js").SpanMove} SpanMove */
/** @typedef {{ from: number | null, to: number | null, drivers: { indicator: string, change: number }[] }} Sum */

/** A change that the named drivers leave over is worth a line of its own from here on. */
const REST = 0.05;

/** Why the service does not know what moved a score. @type {Record<NonNullable<SpanMove["not_known"]>, string>} */
const NOT_KNOWN = {
  not_scored: "The account had not been scored by then.",
  no_data: "No indicator had data then, or none has any now.",
  not_kept: "It is not known that far back.",
  other_model: "Another model made the score of then.",
};

/**
 * The steps of the waterfall: where each bar begins and ends, and the change that stands beside it. Those add up as they are shown.
 * @param {Sum} sum
 * @returns {{ name: string, change: number, from: number, to: number }[]}
 */
export function steps({ from, to, drivers }) {
  if (from === null || to === null) return [];
  const rest = drivers.reduce((rest, { change }) => rest - change, to - from);
  const all = Math.abs(rest) < REST ? drivers : [...drivers, { indicator: "everything else", change: rest }];
  const total = format.shown(to) - format.shown(from);
  const changes = addingUp(
    all.map(({ change }) => change),
    total,
  );
  let at = from;
  return all.map(({ indicator, change }, index) => {
    const from = at;
    at += change;
    return { name: indicator, change: changes[index] ?? change, from, to: at };
  });
}

/** The move that was sent last. @param {Move | null | undefined} last */
export function lastMove(last) {
  if (!last) return [empty("No move of the score is known.")];
  if (last.from === null || last.to === null)
    return [h("p", {}, `First scored ${format.points(last.to)} on ${format.time(last.as_of)}.`)];
  return [h("p", { class: "faint" }, `The last move, on ${format.attribute(last.as_of)}.`), waterfall(last)];
}

/** The move since the end of a day. @param {SpanMove} moved */
export function spanMove(moved) {
  const since = `Since the end of ${format.day(moved.since)}`;
  if (moved.not_known) {
    const change = moved.change === null ? "" : ` The score has moved by ${format.change(moved.change)} points since.`;
    return [empty(`${since}: ${NOT_KNOWN[moved.not_known]}${change}`)];
  }
  const { before, after } = moved;
  return [
    h("p", { class: "faint" }, `${since}, when it was ${stood(before)}.`),
    moved.drivers.length === 0
      ? h("p", {}, `It has not moved: ${format.points(after.score)}.`)
      : waterfall({ from: before.score, to: after.score, drivers: moved.drivers }),
    data("Data came for", moved.data_came),
    data("No more data for", moved.data_went),
    after.overridden && h("p", { class: "faint" }, "What a human has said changes the band that is shown, and no score."),
  ];
}

/** @param {SpanMove["before"]} of */
const stood = ({ band, overridden }) => `${band ?? "in a band that is not known"}${overridden ? ", as a human had said" : ""}`;

/** What is behind the driver `coverage`. @param {string} what @param {string[]} indicators */
const data = (what, indicators) =>
  indicators.length > 0 && h("p", { class: "faint" }, `${what} ${indicators.map(format.words).join(", ")}.`);

/** @param {Sum} sum */
function waterfall(sum) {
  const bars = steps(sum);
  const ends = [sum.from ?? 0, sum.to ?? 0, ...bars.flatMap(({ from, to }) => [from, to])];
  // A little air on both sides, so that small moves can be seen.
  const low = Math.max(0, Math.min(...ends) - 1);
  const width = Math.min(100, Math.max(...ends) + 1) - low || 1;
  const percent = (/** @type {number} */ score) => ((score - low) / width) * 100;
  const row = (
    /** @type {string} */ name,
    /** @type {Node | string} */ figure,
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {string} */ kind,
  ) =>
    h(
      "tr",
      { class: kind },
      h("th", { scope: "row" }, name),
      h("td", { class: "number" }, figure),
      h(
        "td",
        { class: "fall", "aria-hidden": "true" },
        h("span", {
          style: { left: `${percent(Math.min(from, to))}%`, width: `${Math.max(0.6, Math.abs(percent(to) - percent(from)))}%` },
        }),
      ),
    );
  return h(
    "table",
    { class: "waterfall" },
    h("caption", { class: "visually-hidden" }, "What moved the score"),
    h(
      "thead",
      { class: "visually-hidden" },
      h("tr", {}, h("th", { scope: "col" }, "Driver"), h("th", { scope: "col" }, "Points"), h("td", {})),
    ),
    h(
      "tbody",
      {},
      row("before", format.points(sum.from), low, sum.from ?? low, "end"),
      bars.map(({ name, change, from, to }) => row(format.words(name), move(change), from, to, change < 0 ? "fell" : "rose")),
      row("after", format.points(sum.to), low, sum.to ?? low, "end"),
    ),
  );
}
