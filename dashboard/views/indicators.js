// What the score is made of: dimensions, and in each its indicators with the numbers behind.

import { curve } from "../charts.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { bar, code, empty } from "../parts.js";

/** @typedef {import("../api.js").Account} Account */
/** @typedef {import("../api.js").Indicator} Indicator */

/**
 * @param {Account} account
 * @param {Set<string>} opened ids of the indicators that are unfolded, kept from one drawing to the next
 * @param {AbortSignal} signal
 */
export function dimensions(account, opened, signal) {
  if (account.dimensions.length === 0) return [empty("The model has no dimension for this account.")];
  const list = account.dimensions.map((dimension) => {
    const theirs = account.indicators.filter((indicator) => indicator.dimension === dimension.id);
    return h(
      "section",
      { class: "dimension", "aria-label": dimension.id },
      h("h3", {}, format.words(dimension.id), " ", figure(dimension.score)),
      bar((dimension.score ?? 0) / 100, "accent"),
      h("p", { class: "faint" }, part(dimension)),
      theirs.map((indicator) => unfolding(indicator, opened, signal)),
    );
  });
  return [h("div", { class: "dimensions" }, list)];
}

/** @param {number | null} score */
const figure = (score) => h("span", { class: "figure" }, format.points(score));

/** @param {{ weight: number, contribution: number, score: number | null }} of */
const part = ({ weight, contribution, score }) =>
  score === null
    ? "no data, so that the others share its weight"
    : `${format.share(weight)} of the score, which gives ${format.points(contribution)} points`;

/** @param {Indicator} indicator @param {Set<string>} opened @param {AbortSignal} signal */
function unfolding(indicator, opened, signal) {
  const name = indicator.id.slice(indicator.dimension.length + 1);
  const behind = h("div", { class: "behind" });
  const summary = h(
    "summary",
    { "data-key": indicator.id },
    h("span", { class: "name" }, format.words(name)),
    h("span", { class: "faint value" }, format.rough(indicator.value)),
    figure(indicator.score),
  );
  const element = h("details", { open: opened.has(indicator.id) }, summary, behind);
  const draw = () => {
    if (element.open && !behind.firstChild) fill(behind, numbersBehind(indicator, signal));
  };
  element.addEventListener("toggle", () => {
    if (element.open) opened.add(indicator.id);
    else opened.delete(indicator.id);
    draw();
  });
  draw();
  return element;
}

/** @param {Indicator} indicator @param {AbortSignal} signal */
function numbersBehind(indicator, signal) {
  const corners = indicator.curve.map(({ value, score }) => `${format.value(value)} as ${format.value(score)}`).join(", ");
  const readings = indicator.readings.map(({ reading, value }) =>
    h("div", {}, h("dt", {}, code(reading)), h("dd", {}, format.value(value))),
  );
  return [
    h("p", { class: "faint" }, part(indicator)),
    h("p", {}, code(indicator.expression), " is ", h("strong", {}, format.value(indicator.value))),
    readings.length > 0 && h("dl", { class: "readings" }, readings),
    curve(indicator.curve, indicator, `Value to score: ${corners}`, signal),
    h("p", { class: "faint" }, `Scored ${corners}.`),
  ];
}
