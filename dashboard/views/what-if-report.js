// The answer to a model that was tried.

import { h } from "../dom.js";
import * as format from "../format.js";
import { BANDS, bandMark, empty, fact, move, table } from "../parts.js";
import { accountAddress } from "../router.js";

/** @typedef {import("../api.js").WhatIf} WhatIf */
/** @typedef {import("../api.js").Band} Band */

/** @param {WhatIf} of */
export function report(of) {
  const isSame = of.in_force.length > 0 && of.in_force.every(({ version }) => version === of.model.version);
  return [
    h("p", { class: "lead" }, `${of.model.name}, version ${of.model.version}${isSame ? ": this is the model in force" : ""}`),
    !of.complete &&
      h(
        "p",
        { class: "note sample" },
        `A sample only: time ran out after ${format.count(of.accounts)} accounts. They are chosen by hash, so that shares and means are fair; counts are those of the sample.`,
      ),
    h(
      "dl",
      { class: "facts" },
      fact("Accounts", format.count(of.accounts)),
      fact("Would change band", format.count(of.band_changes)),
      fact("Mean score", `${format.points(of.scores.mean_before)} → ${format.points(of.scores.mean_after)}`),
      fact("Mean difference", format.points(of.scores.mean_difference)),
      fact("Stability index", format.value(of.scores.stability_index)),
      fact("Weight with data", `${format.share(of.scores.coverage_before)} → ${format.share(of.scores.coverage_after)}`),
      fact("As of", format.time(of.as_of)),
    ),
    ...part("Bands", flowTable(of.bands)),
    ...part("Largest moves", moves(of.moves)),
    ...part("Alerts", alerts(of.alerts)),
    ...part("What lacks history", lacking(of.lacking)),
  ];
}

/** A table that can be scrolled with the keyboard, too, where it is too wide. @param {HTMLTableElement} table */
const scrolled = (table) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": table.caption?.textContent }, table);

/** @param {string} title @param {import("../dom.js").Child} content */
const part = (title, content) => (content ? [h("h3", {}, title), content] : []);

/** Accounts from each of the bands to each. @param {WhatIf["bands"]} flows @param {Band[]} bands */
export const matrix = (flows, bands) =>
  bands.map((from) => bands.map((to) => flows.find((flow) => flow.from === from && flow.to === to)?.accounts ?? 0));

/** @param {WhatIf["bands"]} flows */
function flowTable(flows) {
  const hasUnknown = flows.some(({ from, to }) => from === "unknown" || to === "unknown");
  const bands = BANDS.filter((band) => band !== "unknown" || hasUnknown);
  const counts = matrix(flows, bands);
  const rows = bands.map((from, row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, bandMark(from)),
      (counts[row] ?? []).map((accounts, column) =>
        h("td", { class: `number ${row === column || accounts === 0 ? "faint" : ""}` }, format.count(accounts)),
      ),
    ),
  );
  const columns = bands.map((to) => /** @type {[import("../dom.js").Child, string]} */ ([bandMark(to), "number"]));
  return scrolled(table("Accounts from band to band", [["From, to"], ...columns], rows));
}

/** @param {WhatIf["moves"]} moves */
function moves(moves) {
  if (moves.length === 0) return empty("No score would be another one.");
  const rows = moves.map(({ account, before, after, change, driver }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: accountAddress(account) }, account)),
      h("td", { class: "number" }, `${format.points(before.score)} → ${format.points(after.score)}`),
      h("td", { class: "number" }, move(change)),
      h("td", { class: "wide" }, bandMark(before.band), before.band !== after.band && [" → ", bandMark(after.band)]),
      h("td", { class: "wide" }, driver ? [format.words(driver.indicator), " ", move(driver.change)] : format.NOT_KNOWN),
    ),
  );
  const columns = /** @type {[string, string?][]} */ ([
    ["Account"],
    ["Score", "number"],
    ["Change", "number"],
    ["Band", "wide"],
    ["Most by", "wide"],
  ]);
  return scrolled(table("Largest moves", columns, rows));
}

/** @param {WhatIf["alerts"]} alerts */
function alerts(alerts) {
  const changed = alerts.filter((rule) => rule.opens + rule.resolves + rule.waits > 0 || rule.is_before !== rule.is_after);
  if (changed.length === 0) return empty("No alert would open or be resolved.");
  const rows = changed.map((rule) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        format.words(rule.alert),
        rule.is_before !== rule.is_after && (rule.is_after ? " (new)" : " (gone)"),
      ),
      h("td", { class: "number" }, `${format.count(rule.before)} → ${format.count(rule.after)}`),
      h("td", { class: "number" }, format.count(rule.opens)),
      h("td", { class: "number" }, format.count(rule.resolves)),
      h("td", { class: "number wide" }, format.count(rule.waits)),
    ),
  );
  const columns = /** @type {[string, string?][]} */ ([
    ["Rule"],
    ["Open", "number"],
    ["Opens", "number"],
    ["Resolves", "number"],
    ["Would begin to hold", "number wide"],
  ]);
  return scrolled(table("Alerts that would change", columns, rows));
}

/** @param {WhatIf["lacking"]} lacking */
function lacking(lacking) {
  if (lacking.length === 0) return null;
  const items = lacking.map(({ indicator, alert, readings, until, missing_before: before, missing_after: after }) =>
    h(
      "li",
      {},
      h("strong", {}, indicator ? format.words(indicator) : `alert ${format.words(alert ?? "")}`),
      h("div", {}, readings.join(", ")),
      h(
        "div",
        { class: "faint" },
        until ? `has filled by ${format.time(until)}` : "has a value from an account's next event on",
        after !== null &&
          after !== undefined &&
          `; ${format.count(after)} accounts without a value, ${format.count(before)} by the model in force`,
      ),
    ),
  );
  return h("ol", { class: "alerts" }, items);
}
