// One open alert, wherever alerts are listed.

import { h } from "../dom.js";
import * as format from "../format.js";
import { dueMark, severityMark } from "../parts.js";

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

/**
 * Silences that are in force, of some rules or of all.
 * @param {import("../api.js").Model["silences"]} silences
 * @param {string[]} rules
 */
export function silencesOf(silences, rules) {
  const now = Date.now();
  const inForce = silences.filter(({ from, until }) => Date.parse(from) <= now && now < Date.parse(until));
  return inForce.filter(({ alerts }) => alerts.some((rule) => rules.includes(rule)));
}

/** @param {import("../api.js").Model["silences"][number]} silence */
export const silenceText = ({ until, reason }) => `${reason ?? "silenced"}, until ${format.time(until)}`;
