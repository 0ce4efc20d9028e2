// A segment day by day.

import { h } from "../dom.js";
import * as format from "../format.js";
import { BANDS, bandMark, empty } from "../parts.js";
import { means, shares } from "../segment-charts.js";

/** @param {import("../api.js").SegmentDetails} segment @param {AbortSignal} signal */
export function segmentHistory({ history }, signal) {
  const [first, last] = [history[0], history.at(-1)];
  // One day is a point, and no line.
  if (!first || !last || history.length < 2) return [empty("The first day is not over yet.")];
  const span = `from ${format.day(first.day)} to ${format.day(last.day)}`;
  const scores = `Mean score ${span}: from ${format.points(first.score)} to ${format.points(last.score)}`;
  const part = (/** @type {number | null | undefined} */ of) =>
    of === null || of === undefined ? format.NOT_KNOWN : format.share(of);
  const moved = BANDS.map((band) => `${band} from ${part(first.bands[band])} to ${part(last.bands[band])}`);
  return [
    means(history, scores, signal),
    h("p", { class: "faint" }, "Solid: each account counts once. Dashed: each by its value."),
    h("h3", {}, "Accounts by band"),
    shares(history, `Share of the accounts by band ${span}: ${moved.join(", ")}`, signal),
    h(
      "p",
      {},
      BANDS.flatMap((band) => [bandMark(band), " \u2003"]),
    ),
  ];
}
