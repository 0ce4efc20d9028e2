// What the model says of alerts: rules, silences, and what it watches of segments.

import * as api from "../api.js";
import { h } from "../dom.js";
import * as format from "../format.js";
import { code, empty, severityMark } from "../parts.js";

/** How the API writes a duration of nothing. */
const NO_TIME = "0s";

/** @param {api.Model["alerts"]} alerts */
export const rules = (alerts) =>
  alerts.length > 0 ? h("ol", { class: "alerts" }, alerts.map(rule)) : empty("The model has no alert rule.");

/** @param {api.Model["alerts"][number]} rule */
function rule(rule) {
  const times = [
    rule.due && `due after ${format.duration(rule.due)}`,
    rule.playbook && `playbook ${rule.playbook}`,
    rule.cool_down !== NO_TIME && `not again within ${format.duration(rule.cool_down)}`,
  ];
  return h(
    "li",
    {},
    h(
      "div",
      { class: "line" },
      severityMark(rule.severity),
      h("strong", {}, format.words(rule.id)),
      h("span", { class: "faint" }, rule.kind),
    ),
    rule.reason && h("div", { class: "reason" }, rule.reason),
    h("div", {}, code(rule.when), rule.for !== NO_TIME && ` for ${format.duration(rule.for)}`),
    rule.raises.map(({ severity, when }) => h("div", {}, severityMark(severity), " when ", code(when))),
    h("div", { class: "faint" }, times.filter(Boolean).join(" · ")),
  );
}

/** @param {api.Model} model */
export function silences({ silences, alerts }) {
  if (silences.length === 0) return [];
  const items = silences.map((silence) =>
    h(
      "li",
      {},
      h("strong", {}, `${format.time(silence.from)} to ${format.time(silence.until)}`),
      silence.reason && h("div", { class: "reason" }, silence.reason),
      h(
        "div",
        { class: "faint" },
        silence.alerts.length === alerts.length ? "all alerts" : silence.alerts.map(format.words).join(", "),
        silence.when && [" when ", code(silence.when)],
      ),
    ),
  );
  return [h("ol", { class: "alerts" }, items)];
}

/** @param {api.Model} model */
export function watched({ segments }) {
  return segments.map(({ attribute, every, min_accounts: least, measures, alerts }) =>
    h(
      "section",
      { "aria-label": `Segments by ${attribute}` },
      h("h3", {}, `By ${format.words(attribute)}`),
      h("p", { class: "faint" }, `Every ${format.duration(every)}; alerts from ${format.count(least)} accounts on.`),
      measures.map(({ id, fold, value }) => h("p", {}, `${format.words(id)}: ${fold} of `, code(value))),
      rules(alerts),
    ),
  );
}
