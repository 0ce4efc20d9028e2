// One open alert, wherever alerts are listed, and what keeps others from opening.

import { h } from "../dom.js";
import * as format from "../format.js";
import { dueMark, severityMark } from "../parts.js";

/** @typedef {import("../api.js").Model["silences"][number]} Silence */

/**
 * What the alerts of accounts and of segments have in common.
 * @typedef {{ alert: string, severity?: string | null, raised_from?: string | null, due?: string | null, reason?: string | null }} Alert
 */

/**
 * @param {Alert} alert
 * @param {import("../dom.js").Child} name what it is called here
 * @param {(string | null | undefined | false)[]} more
 */
export function alertItem(alert, name, more) {
  const raised = alert.raised_from && `raised from ${alert.raised_from}`;
  return h(
    "li",
    {},
    h("div", { class: "line" }, severityMark(alert.severity), name, dueMark(alert.due)),
    h("div", { class: "reason" }, alert.reason ?? format.words(alert.alert)),
    h("div", { class: "faint" }, [raised, ...more].filter(Boolean).join(" · ")),
  );
}

/** @param {Silence[]} silences */
export function silencesInForce(silences) {
  const now = Date.now();
  return silences.filter(({ from, until }) => Date.parse(from) <= now && now < Date.parse(until));
}

/** @param {Silence} silence */
export function silenceText({ alerts, when, until, reason }) {
  const held = alerts.map(format.words).join(", ");
  return `${held}${when ? ` where ${when}` : ""}, until ${format.time(until)}${reason ? ` (${reason})` : ""}`;
}
