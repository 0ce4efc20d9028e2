// The score of an account over time.

import * as api from "../api.js";
import { scores } from "../charts.js";
import { h } from "../dom.js";
import * as format from "../format.js";
import { empty } from "../parts.js";
import { legend, marksOf } from "./marks.js";
import { days } from "./why.js";

/**
 * @param {api.Account} account
 * @param {api.Model | null} model
 * @param {(day: string) => void} choose is told of a day that was clicked, if it is known why the score moved since
 * @param {AbortSignal} signal
 */
export function history(account, model, choose, signal) {
  if (account.history.length === 0) return [empty("No day is over yet.")];
  const points = account.history.map(({ day, score }) => ({ time: Date.parse(day) / 1000, score }));
  const now = { time: Date.parse(account.as_of) / 1000, score: account.score };
  const last = points.at(-1);
  // Up to now: days on which nothing changed are not in the history.
  if (last && now.time > last.time) points.push(now);
  const bands = model?.scorecards.find(({ id }) => id === account.scorecard)?.bands;
  const thresholds = bands ? { yellow: bands.yellow.enter, green: bands.green.enter } : null;
  const marks = marksOf(account, points[0]?.time ?? 0, points.at(-1)?.time ?? 0);
  const known = account.history.flatMap(({ score }) => (score === null ? [] : [score]));
  const range =
    known.length > 0 ? `lowest ${format.points(Math.min(...known))}, highest ${format.points(Math.max(...known))}, ` : "";
  const label = `Score from ${format.day(account.history[0]?.day)} to ${format.day(account.as_of)}: ${range}now ${format.points(account.score)}`;
  const [first, latest] = days(account.as_of);
  const click = (/** @type {number} */ time) => {
    const day = new Date(time * 1000).toISOString().slice(0, 10);
    if (day >= first && day <= latest) choose(day);
  };
  return [
    scores(points, thresholds, marks, label, click, signal),
    legend(marks),
    h("p", { class: "faint" }, "A click on a day shows why the score moved since, for the last 28 days."),
    thresholds && h("p", { class: "faint" }, "Colours are the bands, from the score at which they are entered."),
  ];
}
