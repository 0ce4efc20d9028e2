// What narrows the table of accounts down.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { BANDS, bandMark } from "../parts.js";
import { asksForToken } from "../token-form.js";

/** A reader who types is waited for. */
const TYPING_MS = 250;
/** Stands for no filter: the empty text is the accounts without a segment. */
const ANY = "*any*";

/**
 * A form with what the address says; `change` is told what a reader chose, null for any.
 * @param {URLSearchParams} query
 * @param {(changes: Record<string, string | null>) => void} change
 * @param {AbortSignal} signal
 */
export function filters(query, change, signal) {
  const search = h("input", {
    type: "search",
    id: "q",
    value: query.get("q") ?? "",
    placeholder: "part of the id",
    autocomplete: "off",
    spellcheck: "false",
  });
  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => change({ q: search.value.trim() || null }), TYPING_MS);
  });
  const chosen = new Set((query.get("band") ?? "").split(",").filter(Boolean));
  const bands = BANDS.map((band) => {
    const box = h("input", { type: "checkbox", checked: chosen.has(band) });
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(band);
      else chosen.delete(band);
      change({ band: [...chosen].join(",") || null });
    });
    return h("label", { class: "check" }, box, bandMark(band));
  });
  const segment = h("select", { id: "segment" });
  const alert = h("select", { id: "alert" });
  const owner = h("input", { id: "owner", value: query.get("owner") ?? "", autocomplete: "off", spellcheck: "false" });
  owner.addEventListener("change", () => change({ owner: owner.value.trim() || null }));
  choose(segment, query.get("segment"), [], (segment) => change({ segment }));
  choose(alert, query.get("alert"), [], (alert) => change({ alert }));
  // Without the lists one can still filter by what the address says.
  void api
    .segments(signal)
    .then(({ segments }) => {
      const names = segments.map(
        ({ segment }) => /** @type {[string, string]} */ ([segment ?? "", segment ?? "without a segment"]),
      );
      choose(segment, query.get("segment"), names);
    })
    .catch(asksForToken);
  void api
    .model(signal)
    .then(({ alerts }) => {
      choose(
        alert,
        query.get("alert"),
        alerts.map(({ id }) => /** @type {[string, string]} */ ([id, format.words(id)])),
      );
    })
    .catch(asksForToken);
  const field = (/** @type {string} */ id, /** @type {string} */ name, /** @type {HTMLElement} */ input) =>
    h("div", { class: "field" }, h("label", { for: id }, name), input);
  return h(
    "form",
    { class: "filters", role: "search", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    field("q", "Search", search),
    h("fieldset", { class: "field" }, h("legend", {}, "Bands"), h("div", { class: "checks" }, bands)),
    field("segment", "Segment", segment),
    field("alert", "Open alert", alert),
    field("owner", "Owner", owner),
  );
}

/**
 * @param {HTMLSelectElement} select
 * @param {string | null} current
 * @param {[value: string, name: string][]} options
 * @param {(value: string | null) => void} [change]
 */
function choose(select, current, options, change) {
  const known = current === null || options.some(([value]) => value === current);
  const all = [[ANY, "any"], ...(known ? [] : [[current ?? "", current || "without a segment"]]), ...options];
  fill(
    select,
    all.map(([value, name]) => h("option", { value, selected: value === (current ?? ANY) }, name)),
  );
  if (change) select.addEventListener("change", () => change(select.value === ANY ? null : select.value));
}
