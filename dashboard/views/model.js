// The model in force, readable.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { panel } from "../panel.js";
import { code, table } from "../parts.js";
import { rules, silences, watched } from "./rules.js";
import { whatIf } from "./what-if.js";

/** @param {import("../router.js").Place} place */
export function show({ main, signal }) {
  const load = api.shared(() => api.model(signal));
  const common = { signal, load, follows: true };
  /** @type {() => void} */
  const retry = () => panels.forEach((panel) => void panel.refresh());
  const panels = [
    panel({ ...common, id: "scorecards", title: "Scorecards", draw: scorecards, follows: false, retry }),
    panel({ ...common, id: "rules", title: "Alert rules", draw: ({ alerts }) => [rules(alerts)] }),
    panel({ ...common, id: "silences", title: "Silences", draw: silences }),
    panel({ ...common, id: "watched", title: "Segments that are watched", draw: watched }),
    panel({ ...common, id: "source", title: "Source", draw: source }),
  ];
  fill(
    main,
    h("h1", {}, "Model"),
    panels.map(({ element }) => element),
    whatIf(load, signal),
  );
}

/** @param {api.Model} model */
function scorecards(model) {
  return [h("p", { class: "lead" }, `${model.name}, version ${model.version}`), ...model.scorecards.map(scorecard)];
}

/** @param {api.Model["scorecards"][number]} card */
function scorecard(card) {
  const { bands } = card;
  const rows = card.dimensions.flatMap((dimension) => [
    h(
      "tr",
      { class: "group" },
      h("th", { scope: "row" }, format.words(dimension.id)),
      h("td", { class: "number" }, format.share(dimension.weight)),
      h("td", {}),
      h("td", { class: "wide" }),
    ),
    ...dimension.indicators.map((indicator) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", class: "inner" }, format.words(indicator.id.slice(dimension.id.length + 1))),
        h("td", { class: "number" }, format.share(indicator.weight)),
        h("td", {}, code(indicator.value)),
        h(
          "td",
          { class: "wide" },
          indicator.curve.map(({ value, score }) => `${format.value(value)} as ${format.value(score)}`).join(", "),
        ),
      ),
    ),
  ]);
  return h(
    "section",
    { "aria-label": `Scorecard ${card.id}` },
    h("h3", {}, card.id, card.when && h("span", { class: "faint" }, " when ", code(card.when))),
    h(
      "p",
      { class: "faint" },
      `Green from ${format.value(bands.green.enter)}, left below ${format.value(bands.green.leave)}; yellow from ` +
        `${format.value(bands.yellow.enter)}, left below ${format.value(bands.yellow.leave)}; after ${format.duration(bands.dwell)}. Unknown below ` +
        `${format.share(bands.min_coverage)} of the weight with data.`,
    ),
    h(
      "div",
      { class: "scroll" },
      table(`Scorecard ${card.id}`, [["Indicator"], ["Weight", "number"], ["Value"], ["Scored", "wide"]], rows),
    ),
  );
}

/** @param {api.Model} model */
const source = (model) => [
  h("pre", { tabindex: "0", role: "region", "aria-label": "Source of the model" }, h("code", {}, model.source)),
];
