// Charts by uPlot, in the colours of the theme.

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { h } from "./dom.js";

/** @typedef {{ time: number, score: number | null }} Point Seconds since 1970, and points. */
/** @typedef {{ yellow: number, green: number }} Thresholds From which score on an account enters a band. */

/** @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * A chart that is as wide as its place, and is drawn anew with the theme.
 * @param {(width: number) => uPlot.Options} options
 * @param {uPlot.AlignedData} data
 * @param {string} label what a screen reader says of it
 * @param {AbortSignal} signal
 */
export function chart(options, data, label, signal) {
  const place = h("div", { class: "chart", role: "img", "aria-label": label });
  const end = new AbortController();
  signal.addEventListener("abort", () => end.abort(), { signal: end.signal });
  /** @type {uPlot | null} */
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    drawn = place.clientWidth > 0 ? new uPlot(options(place.clientWidth), data, place) : null;
  };
  const resized = new ResizeObserver(() => {
    // Another chart has taken its place.
    if (!place.isConnected) end.abort();
    else if (!drawn) draw();
    else if (place.clientWidth > 0 && drawn.width !== place.clientWidth) draw();
  });
  resized.observe(place);
  document.addEventListener("theme", draw, { signal: end.signal });
  end.signal.addEventListener("abort", () => {
    resized.disconnect();
    drawn?.destroy();
  });
  return place;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

export const axis = () => ({
  stroke: colour("faint"),
  grid: { stroke: colour("line"), width: 1 },
  ticks: { show: false },
  font: "12px system-ui",
});

/** The axis of a chart over days. */
export const days = () => ({
  ...axis(),
  size: 28,
  space: 70,
  values: (/** @type {uPlot} */ _, /** @type {number[]} */ times) => times.map((time) => DAY.format(time * 1000)),
});

/** How marks look; the legend's swatches are the same (css/account.css). */
const LINES = {
  alert: { colour: "red", dash: [6, 4] },
  override: { colour: "text", dash: [] },
  model: { colour: "accent", dash: [2, 3] },
};
const LINE_PX = 1.5;

/**
 * The score over time above the bands' colours, with a line for each mark, and one for the score that a human has said.
 * @param {Point[]} points the oldest first
 * @param {Thresholds | null} thresholds
 * @param {import("./views/marks.js").Mark[]} marks
 * @param {string} label
 * @param {(time: number) => void} click is told of a time that was clicked, in seconds since 1970
 * @param {AbortSignal} signal
 */
export function scores(points, thresholds, marks, label, click, signal) {
  /** @param {uPlot} plot */
  const ground = (plot) => {
    const { ctx, bbox } = plot;
    const at = (/** @type {number} */ score) => plot.valToPos(score, "y", true);
    ctx.save();
    if (thresholds) {
      const stripes = /** @type {const} */ ([
        ["red", 0, thresholds.yellow],
        ["yellow", thresholds.yellow, thresholds.green],
        ["green", thresholds.green, 100],
      ]);
      for (const [band, from, to] of stripes) {
        ctx.fillStyle = colour(`${band}-ground`);
        ctx.fillRect(bbox.left, at(to), bbox.width, at(from) - at(to));
      }
    }
    const right = bbox.left + bbox.width;
    for (const { kind, time, score } of marks) {
      const x = plot.valToPos(time, "x", true);
      if (x < bbox.left || x > right) continue;
      ctx.strokeStyle = colour(LINES[kind].colour);
      ctx.lineWidth = LINE_PX * devicePixelRatio;
      ctx.setLineDash(LINES[kind].dash.map((part) => part * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      if (score !== null && score !== undefined) {
        ctx.moveTo(x, at(score));
        ctx.lineTo(right, at(score));
      }
      ctx.stroke();
    }
    ctx.restore();
  };
  /** Where the pointer is. @param {uPlot} plot */
  const at = (plot) => plot.posToVal(plot.cursor.left ?? 0, "x");
  /** @param {number} width @returns {uPlot.Options} */
  const options = (width) => ({
    width,
    height: 240,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { y: { range: [0, 100] } },
    axes: [days(), { ...axis(), size: 36 }],
    legend: { live: true },
    cursor: { y: false },
    series: [
      { value: "{YYYY}-{MM}-{DD}" },
      {
        label: "Score",
        stroke: colour("accent"),
        width: 2,
        ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
        points: { show: false },
        value: (_, score) => (score === null ? "–" : score.toFixed(1)),
      },
    ],
    hooks: { drawClear: [ground], init: [(plot) => plot.over.addEventListener("click", () => click(at(plot)))] },
  });
  return chart(options, [points.map(({ time }) => time), points.map(({ score }) => score)], label, signal);
}

/**
 * From value to score, with a mark where the account stands.
 * @param {{ value: number, score: number }[]} curve
 * @param {{ value: number | null, score: number | null }} at
 * @param {string} label
 * @param {AbortSignal} signal
 */
export function curve(curve, at, label, signal) {
  const rising = [...curve].sort((one, other) => one.value - other.value);
  /** @param {uPlot} plot */
  const mark = (plot) => {
    if (at.value === null || at.score === null) return;
    const { ctx, bbox } = plot;
    const x = Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(at.value, "x", true)));
    ctx.save();
    ctx.fillStyle = colour("accent");
    ctx.beginPath();
    ctx.arc(x, plot.valToPos(at.score, "y", true), 5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.restore();
  };
  /** @param {number} width @returns {uPlot.Options} */
  const options = (width) => ({
    width: Math.min(width, 360),
    height: 110,
    scales: { x: { time: false }, y: { range: [0, 105] } },
    axes: [
      { ...axis(), size: 28 },
      { ...axis(), size: 36, splits: [0, 50, 100] },
    ],
    legend: { show: false },
    cursor: { show: false },
    series: [{}, { stroke: colour("faint"), width: 2, points: { show: false } }],
    hooks: { draw: [mark] },
  });
  return chart(options, [rising.map(({ value }) => value), rising.map(({ score }) => score)], label, signal);
}
