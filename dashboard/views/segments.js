// Segments side by side: how those move that the model watches, and how all stand.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { onChange, gathered } from "../live.js";
import { panel } from "../panel.js";
import { BANDS, empty, table } from "../parts.js";
import { accountsAddress } from "../router.js";
import { moving } from "./moving.js";

const REFRESH_MS = 5_000;

/** @param {import("../router.js").Place} place */
export function show({ main, signal }) {
  const panels = [
    panel({ id: "moving", title: "How they move", signal, load: api.watchedSegments, draw: ({ segments }) => moving(segments) }),
    panel({ id: "segments", title: "How they stand now, by the attribute segment", signal, load: api.segments, draw }),
  ];
  fill(
    main,
    h("h1", {}, "Segments"),
    panels.map(({ element }) => element),
  );
  const refresh = gathered(() => panels.forEach((panel) => void panel.refresh()), REFRESH_MS, signal);
  onChange(refresh, signal);
}

/** @param {api.Segments} answer */
function draw({ segments }) {
  if (segments.length === 0) return [empty("No account has been scored yet.")];
  const rows = segments.map((segment) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "a",
          { href: accountsAddress({ segment: segment.segment ?? "" }), "data-key": segment.segment ?? "" },
          segment.segment ?? "without a segment",
        ),
      ),
      h("td", { class: "number" }, format.count(segment.accounts)),
      h("td", { class: "number" }, format.amount(segment.value)),
      h("td", { class: "number" }, format.points(segment.mean_score)),
      h("td", { class: "number wide" }, format.points(segment.mean_score_by_value)),
      h("td", { class: "wide" }, shares(segment)),
      BANDS.map((band) => h("td", { class: "number wide" }, format.count(segment.bands[band].accounts))),
    ),
  );
  const columns = /** @type {[string, string?][]} */ ([
    ["Segment"],
    ["Accounts", "number"],
    ["Value", "number"],
    ["Mean score", "number"],
    ["Mean by value", "number wide"],
    ["Shares", "wide"],
    ...BANDS.map((band) => [band, "number wide"]),
  ]);
  return [h("div", { class: "scroll" }, table("Segments", columns, rows))];
}

/** One bar in the bands' colours; the figures stand beside it. @param {api.Segment} segment */
const shares = (segment) =>
  h(
    "span",
    { class: "shares", "aria-hidden": "true" },
    BANDS.map((band) =>
      h("span", { class: band, style: { width: `${(segment.bands[band].accounts / segment.accounts) * 100}%` } }),
    ),
  );
