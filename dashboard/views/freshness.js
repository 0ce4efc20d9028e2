// How far each source is read.

import { h } from "../dom.js";
import * as format from "../format.js";
import { empty } from "../parts.js";

/** @param {import("../metrics.js").Freshness[]} list */
export function freshness(list) {
  if (list.length === 0)
    return [empty("This instance reads no source; those that do say in their metrics how far behind they are.")];
  const items = list.map(({ source, age, waiting, isStalled }) => {
    const newest = Number.isFinite(age) ? `newest event ${format.span(age)} ago` : "no event yet";
    // A source that nothing comes from is quiet; one that has more and does not go on needs a look.
    const needsALook = isStalled && waiting > 0;
    const state = waiting > 0 ? `${format.amount(waiting)} waiting${isStalled ? ", stalled" : ""}` : "all read";
    return h(
      "li",
      {},
      h("span", {}, source),
      h("span", { class: "faint" }, newest),
      h("span", { class: needsALook ? "overdue" : waiting > 0 ? "" : "fresh" }, state),
    );
  });
  return [h("ul", { class: "sources" }, items)];
}
