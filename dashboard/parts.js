// What several views are made of: marks for bands and moves, tables.

import { h } from "./dom.js";
import * as format from "./format.js";

/** @typedef {import("./api.js").Band} Band */

/** @type {Band[]} The worst first. */
export const BANDS = ["red", "yellow", "green", "unknown"];
const SHAPES = { red: "▼", yellow: "◆", green: "●", unknown: "○" };

/** A band by word, shape and colour. @param {Band} band */
export const bandMark = (band) =>
  h("span", { class: `band ${band}` }, h("span", { "aria-hidden": "true", class: "shape" }, SHAPES[band]), band);

/** A change in points. @param {format.Maybe} points */
export function move(points) {
  const direction = points === null || points === undefined || Math.abs(points) < 0.05 ? "" : points < 0 ? "down" : "up";
  return h("span", { class: `move ${direction}` }, format.change(points));
}

/** Where a line of code may be broken: behind what joins its words, and before a window. */
const JOINTS = /(?<=[.,({=~|])|(?=\[)/;

/** An expression, which breaks between words where it does not fit. @param {string} text */
export const code = (text) =>
  h(
    "code",
    {},
    text
      .split(JOINTS)
      .flatMap((word) => [h("wbr"), word])
      .slice(1),
  );

/** @param {string} name @param {import("./dom.js").Child} value */
export const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

/** @param {string | null | undefined} severity */
export const severityMark = (severity) => h("span", { class: `severity ${severity ?? ""}` }, severity ?? format.NOT_KNOWN);

/** When something is due, and whether that is past. @param {string | null | undefined} due */
export function dueMark(due) {
  if (!due) return h("span", { class: "faint" }, "no deadline");
  const isOver = Date.parse(due) < Date.now();
  const text = isOver ? `overdue by ${format.span((Date.now() - Date.parse(due)) / 1000)}` : `due ${format.fromNow(due)}`;
  return h("time", { datetime: due, title: format.time(due), class: isOver ? "overdue" : "" }, text);
}

/** @param {string} text @param {import("./dom.js").Child} [more] */
export const empty = (text, more) => h("p", { class: "state empty" }, text, more);

/**
 * A table with a name. Columns of class `wide` are left out where there is no room for them.
 * @param {string} name
 * @param {[text: import("./dom.js").Child, className?: string][]} columns
 * @param {HTMLTableRowElement[]} rows
 */
export const table = (name, columns, rows) =>
  h(
    "table",
    {},
    h("caption", { class: "visually-hidden" }, name),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        columns.map(([text, className]) => h("th", { scope: "col", class: className }, text)),
      ),
    ),
    h("tbody", {}, rows),
  );

/** @param {number} share 0..1 @param {string} className */
export const bar = (share, className) =>
  h(
    "span",
    { class: `track ${className}`, "aria-hidden": "true" },
    h("span", { style: { width: `${Math.min(100, Math.max(0, share * 100))}%` } }),
  );
