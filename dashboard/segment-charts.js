// Charts of a segment over time: its mean score, and how its accounts are shared among the bands.

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { axis, chart, colour, days } from "./charts.js";
import { BANDS } from "./parts.js";

/** @typedef {import("./api.js").SegmentDay} SegmentDay */

const HEIGHT = 200;
const DAY_SECONDS = 86_400;

/** No day is named twice. */
const wholeDays = () => ({ ...days(), incrs: [1, 2, 7, 14, 28].map((count) => count * DAY_SECONDS) });

/** @param {SegmentDay[]} history */
const times = (history) => history.map(({ day }) => Date.parse(day) / 1000);

/** @param {number} width @returns {Omit<uPlot.Options, "series">} */
const common = (width) => ({
  width,
  height: HEIGHT,
  tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
  legend: { live: true },
  cursor: { y: false },
});

/**
 * The mean score, each account counted once, and weighted by its value.
 * @param {SegmentDay[]} history the oldest first
 * @param {string} label
 * @param {AbortSignal} signal
 */
export function means(history, label, signal) {
  /** @param {string} name @param {string} stroke @param {number[]} dash @returns {uPlot.Series} */
  const line = (name, stroke, dash) => ({
    label: name,
    stroke: colour(stroke),
    width: 2,
    dash,
    points: { show: false },
    value: (_, score) => (score === null ? "–" : score.toFixed(1)),
  });
  /** @param {number} width @returns {uPlot.Options} */
  const options = (width) => ({
    ...common(width),
    scales: { y: { range: [0, 100] } },
    axes: [wholeDays(), { ...axis(), size: 36 }],
    series: [{ value: "{YYYY}-{MM}-{DD}" }, line("Mean score", "accent", []), line("By value", "faint", [6, 4])],
  });
  const scores = history.map(({ score }) => score);
  const byValue = history.map(({ value_score }) => value_score);
  return chart(options, [times(history), scores, byValue], label, signal);
}

/**
 * The share of the accounts in each band, one above the other: the worst at the bottom.
 * @param {SegmentDay[]} history the oldest first
 * @param {string} label
 * @param {AbortSignal} signal
 */
export function shares(history, label, signal) {
  const share = (/** @type {SegmentDay} */ { bands }, /** @type {import("./api.js").Band} */ band) => bands[band];
  // The highest first: each lies before the one above it.
  const stacked = BANDS.map((band, index) => ({
    band,
    own: history.map((day) => share(day, band)),
    top: history.map((day) =>
      day.bands.red === null ? null : BANDS.slice(0, index + 1).reduce((sum, below) => sum + (share(day, below) ?? 0), 0),
    ),
  })).reverse();
  /** @param {number} width @returns {uPlot.Options} */
  const options = (width) => ({
    ...common(width),
    scales: { y: { range: [0, 1] } },
    axes: [wholeDays(), { ...axis(), size: 44, values: (_, parts) => parts.map((part) => `${Math.round(part * 100)}%`) }],
    series: [
      { value: "{YYYY}-{MM}-{DD}" },
      ...stacked.map(({ band, own }) => ({
        label: band,
        stroke: colour(`${band}-fill`),
        fill: colour(`${band}-fill`),
        width: 1,
        points: { show: false },
        value: (
          /** @type {uPlot} */ _,
          /** @type {number | null} */ _top,
          /** @type {number} */ _series,
          /** @type {number | null} */ at,
        ) => {
          const part = at === null ? null : own[at];
          return part === null || part === undefined ? "–" : `${Math.round(part * 100)}%`;
        },
      })),
    ],
  });
  return chart(options, [times(history), ...stacked.map(({ top }) => top)], label, signal);
}
