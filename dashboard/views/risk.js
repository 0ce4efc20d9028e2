// How likely an account is to leave, and what makes it so.

import { h } from "../dom.js";
import * as format from "../format.js";
import { table } from "../parts.js";

/** So many parts say most of it. */
const PARTS = 6;

/** @param {import("../api.js").Account["risk"]} risk */
export function risk(risk) {
  if (!risk) return [];
  const parts = [...risk.parts].sort((one, other) => Math.abs(other.log_odds) - Math.abs(one.log_odds)).slice(0, PARTS);
  const rows = parts.map(({ indicator, log_odds: logOdds }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, format.words(indicator)),
      h(
        "td",
        { class: "number" },
        h("span", { class: `move ${logOdds > 0 ? "down" : "up"}` }, `× ${Math.exp(logOdds).toFixed(2)}`),
      ),
    ),
  );
  return [
    h("p", { class: "score" }, h("strong", {}, format.probability(risk.probability)), ` within ${format.duration(risk.horizon)}`),
    rows.length > 0 && table("What makes the risk", [["Indicator"], ["Odds of leaving", "number"]], rows),
    rows.length > 0 && h("p", { class: "faint" }, "Against an account with the mean score in each indicator."),
  ];
}
