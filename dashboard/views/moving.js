// Segments that the model watches, the deepest fall first.

import { h } from "../dom.js";
import * as format from "../format.js";
import { empty, move, severityMark, table } from "../parts.js";
import { segmentAddress } from "../router.js";

/** @typedef {import("../api.js").WatchedSegment} Segment */

const MOST_BRIEFLY = 6;

/** By the change in 7 days; what is not known comes last. @param {Segment[]} segments */
export const deepestFirst = (segments) =>
  [...segments].sort((one, other) => (one.change["7d"].score ?? Infinity) - (other.change["7d"].score ?? Infinity));

/** What a segment is called among these: by its name alone where they are all of one attribute. @param {Segment[]} among */
function namedAmong(among) {
  const attributes = new Set(among.map(({ attribute }) => attribute));
  return (/** @type {Segment} */ { attribute, name }) => (attributes.size > 1 ? `${format.words(attribute)} ${name}` : name);
}

const IN_SEVEN_DAYS = /** @type {[string, string?][]} */ ([
  ["Segment"],
  ["Mean score", "number"],
  ["7 days", "number"],
  ["of it within", "number wide"],
  ["of it mix", "number wide"],
]);

/** The cells of these columns. @param {Segment} segment @param {(segment: Segment) => string} named */
const inSevenDays = (segment, named) => [
  h("th", { scope: "row" }, link(segment, named)),
  h("td", { class: "number" }, format.points(segment.score)),
  h("td", { class: "number" }, move(segment.change["7d"].score)),
  h("td", { class: "number wide" }, move(segment.change["7d"].within)),
  h("td", { class: "number wide" }, move(segment.change["7d"].mix)),
];

/** Those that fell deepest, with what is looked at first. @param {Segment[]} segments */
export function movingBriefly(segments) {
  if (segments.length === 0) return [];
  const named = namedAmong(segments);
  const rows = deepestFirst(segments)
    .slice(0, MOST_BRIEFLY)
    .map((segment) => h("tr", {}, inSevenDays(segment, named)));
  return [table("How segments moved in 7 days", IN_SEVEN_DAYS, rows)];
}

/** @param {Segment} segment @param {(segment: Segment) => string} named */
const link = (segment, named) => h("a", { href: segmentAddress(segment.segment), "data-key": segment.segment }, named(segment));

/** @param {Segment[]} segments */
export function moving(segments) {
  if (segments.length === 0)
    return [empty("The model watches no segments ([[segment]]), or no boundary has passed since it does.")];
  const named = namedAmong(segments);
  const rows = deepestFirst(segments).map((segment) =>
    h(
      "tr",
      {},
      inSevenDays(segment, named),
      h("td", { class: "number wide" }, move(segment.change["28d"].score)),
      h("td", { class: "number wide" }, format.count(segment.accounts)),
      h(
        "td",
        {},
        segment.alerts.length > 0
          ? segment.alerts.flatMap((alert) => [
              severityMark(alert.severity),
              h("span", { class: "wide" }, ` ${format.words(alert.alert)} `),
            ])
          : format.NOT_KNOWN,
      ),
    ),
  );
  const columns = /** @type {[string, string?][]} */ ([
    ...IN_SEVEN_DAYS,
    ["28 days", "number wide"],
    ["Accounts", "number wide"],
    ["Alerts"],
  ]);
  return [
    h("div", { class: "scroll" }, table("How segments move", columns, rows)),
    h("p", { class: "faint" }, "Within: the accounts that were there then as now. Mix: what came of those that came or went."),
  ];
}
