// Why the score moved: from the score before, driver by driver, to the score after.

import { h } from "../dom.js";
import * as format from "../format.js";
import { empty, move } from "../parts.js";

/** @typedef {NonNullable<import("../api.js").Account["last_move"]>} Move */

/** A change that the named drivers leave over is worth a line of its own from here on. */
const REST = 0.05;

/**
 * The steps of the waterfall: where each bar begins and ends.
 * @param {Move} move
 * @returns {{ name: string, change: number, from: number, to: number }[]}
 */
export function steps(move) {
  if (move.from === null || move.to === null) return [];
  let at = move.from;
  const step = (/** @type {string} */ name, /** @type {number} */ change) => {
    const from = at;
    at += change;
    return { name, change, from, to: at };
  };
  const named = move.drivers.map(({ indicator, change }) => step(indicator, change));
  const rest = move.to - at;
  return Math.abs(rest) < REST ? named : [...named, step("everything else", rest)];
}

/** @param {Move | null | undefined} last */
export function waterfall(last) {
  if (!last) return [empty("The score has not moved since the service began to look.")];
  const bars = steps(last);
  if (bars.length === 0) return [h("p", {}, `First scored ${format.points(last.to)} on ${format.time(last.as_of)}.`)];
  const ends = bars.flatMap(({ from, to }) => [from, to]);
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
  return [
    h("p", { class: "faint" }, `The last move, on ${format.time(last.as_of)}.`),
    h(
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
        row("before", format.points(last.from), low, last.from ?? low, "end"),
        bars.map(({ name, change, from, to }) => row(format.words(name), move(change), from, to, change < 0 ? "fell" : "rose")),
        row("after", format.points(last.to), low, last.to ?? low, "end"),
      ),
    ),
  ];
}
