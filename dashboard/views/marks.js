// What happened while a score moved: models that came into force, what a human has said, alerts that are open.

import { h } from "../dom.js";
import * as format from "../format.js";

/**
 * `score` is what a human has said, which holds from then on.
 * @typedef {{ kind: "model" | "override" | "alert", time: number, text: string, score?: number | null }} Mark in seconds since 1970
 */

const seconds = (/** @type {string} */ time) => Date.parse(time) / 1000;

/**
 * The marks between two times, the oldest first.
 * @param {import("../api.js").Account} account
 * @param {number} from seconds
 * @param {number} until
 * @returns {Mark[]}
 */
export function marksOf({ models, override, alerts }, from, until) {
  /** @type {Mark[]} */
  const marks = [
    ...models.flatMap(({ name, version, since }) =>
      since ? [{ kind: /** @type {const} */ ("model"), time: seconds(since), text: `model ${name}, version ${version}` }] : [],
    ),
    ...alerts.flatMap(({ alert, since }) =>
      since ? [{ kind: /** @type {const} */ ("alert"), time: seconds(since), text: `alert ${format.words(alert)} opened` }] : [],
    ),
  ];
  if (override) {
    const { since, band, author, score } = override;
    const what = score === null ? band : `${format.points(score)}, ${band}`;
    marks.push({ kind: "override", time: seconds(since), text: `${author || "somebody"} said ${what}`, score });
  }
  return marks.filter(({ time }) => time >= from && time <= until).sort((one, other) => one.time - other.time);
}

/** What the lines of a chart stand for. @param {Mark[]} marks */
export const legend = (marks) =>
  marks.length > 0 &&
  h(
    "ul",
    { class: "marks", "aria-label": "Lines in the chart" },
    marks.map(({ kind, time, text }) =>
      h(
        "li",
        {},
        h("span", { class: `swatch ${kind}-line`, "aria-hidden": "true" }),
        `${format.time(new Date(time * 1000).toISOString())}: ${text}`,
      ),
    ),
  );
