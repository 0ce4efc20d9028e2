// Since when it is told why a score moved, and the answer: over a week, four weeks, since a day, or the last move.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { failure, loading } from "../panel.js";
import { empty } from "../parts.js";
import { lastMove, spanMove } from "./drivers.js";

/** Days that are kept. */
const KEPT = 28;
const DAY_MS = 86_400_000;

/** A day as the service and a date field write it. @param {number} time in milliseconds */
const dayOf = (time) => new Date(time).toISOString().slice(0, 10);

/**
 * The first and the last day since which something is known. @param {string} asOf
 * @returns {[string, string]}
 */
export const days = (asOf) => [dayOf(Date.parse(asOf) - KEPT * DAY_MS), dayOf(Date.parse(asOf) - DAY_MS)];

/**
 * @param {string} id of the account
 * @param {AbortSignal} signal
 */
export function why(id, signal) {
  /** @type {api.Account | null} */
  let account = null;
  /** `7d`, `28d`, `last` or `day`. */
  let span = "7d";
  /** A day that was asked for, whose answer is shown. @type {string | null} */
  let shown = null;
  /** Answers may come in another order than they were asked for: the last question counts. */
  let asked = 0;
  const place = h("div", { "aria-live": "polite" });
  const day = h("input", { type: "date", id: "why-day", name: "day", "aria-label": "Since the end of this day" });
  const choice = (/** @type {string} */ value, /** @type {string} */ text) =>
    h("label", { class: "check" }, h("input", { type: "radio", name: "span", value, checked: value === span }), text);
  const controls = h(
    "fieldset",
    { class: "plain spans" },
    h("legend", { class: "visually-hidden" }, "Since when"),
    choice("7d", "7 days"),
    choice("28d", "28 days"),
    choice("last", "last move"),
    choice("day", "since"),
    day,
  );

  async function draw() {
    const own = ++asked;
    if (!account) return;
    if (span !== "day") {
      shown = null;
      const moved = span === "28d" ? account.moves["28d"] : account.moves["7d"];
      fill(place, ...(span === "last" || !moved ? lastMove(account.last_move) : spanMove(moved)));
      return;
    }
    const since = day.value;
    if (!since || !day.validity.valid) {
      shown = null;
      fill(place, empty(`Say a day from ${format.day(day.min)} to ${format.day(day.max)}, or click one in the chart.`));
      return;
    }
    if (since !== shown) fill(place, loading());
    shown = null;
    try {
      const moved = await api.drivers(id, since, signal);
      if (own !== asked || signal.aborted) return;
      fill(place, ...spanMove(moved));
      shown = since;
    } catch (error) {
      if (own === asked && !signal.aborted)
        fill(
          place,
          failure(error, () => void draw()),
        );
    }
  }

  controls.addEventListener("change", (event) => {
    const changed = /** @type {HTMLInputElement} */ (event.target);
    if (changed === day) choose(day.value);
    else {
      span = changed.value;
      void draw();
    }
  });

  /** Shows the move since the end of a day. @param {string} since */
  function choose(since) {
    span = "day";
    day.value = since;
    const radio = controls.querySelector('input[value="day"]');
    if (radio instanceof HTMLInputElement) radio.checked = true;
    void draw();
  }

  return {
    controls,
    choose,
    /** @param {api.Account} next */
    update(next) {
      account = next;
      [day.min, day.max] = days(next.as_of);
      void draw();
      return [place];
    },
  };
}
