// Open alerts: those of segments, and those of accounts by owner and deadline.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { empty } from "../parts.js";
import { accountAddress, segmentAddress } from "../router.js";
import { alertItem, silencesInForce, silenceText } from "./alert-item.js";

/** So many before a reader asks for more. */
const ALERTS_AT_FIRST = 8;

/** What the list of alerts is narrowed to; it stays while the panel is drawn anew. */
const shown = { owner: /** @type {string | null} */ (null), all: false };

/**
 * By deadline, of everyone or of one owner.
 * @param {{ accounts: api.Alerts, segments: api.WatchedSegment[], silences: api.Model["silences"] }} open
 */
export function alerts({ accounts, segments, silences }) {
  const silent = silencesInForce(silences).map((silence) => h("p", { class: "note" }, `Held back: ${silenceText(silence)}`));
  const ofSegments = segmentAlerts(segments);
  if (accounts.alerts.length === 0) return [...silent, ofSegments ?? empty("Nothing is open. Well done.")];
  const owners = Map.groupBy(accounts.alerts, (alert) => alert.owner ?? "");
  if (shown.owner !== null && !owners.has(shown.owner)) shown.owner = null;
  const list = h("div", {});
  const redraw = () => fill(list, alertList(accounts.alerts, redraw));
  redraw();
  const cut = accounts.next ? h("p", { class: "faint" }, `The ${accounts.alerts.length} that are due first.`) : null;
  return [...silent, ofSegments, ownerChoice(owners, accounts.total, redraw), list, cut];
}

/** @param {api.WatchedSegment[]} segments */
function segmentAlerts(segments) {
  const items = segments.flatMap(({ segment, alerts, accounts, value }) =>
    alerts.map((alert) =>
      alertItem(alert, h("a", { href: segmentAddress(segment), "data-key": `${segment} ${alert.alert}` }, segment), [
        `${format.count(accounts)} accounts`,
        alert.playbook && `playbook ${alert.playbook}`,
        `worth ${format.amount(value)}`,
      ]),
    ),
  );
  return items.length > 0 ? h("ol", { class: "alerts of-segments", "aria-label": "On segments" }, items) : null;
}

/** @param {Map<string, api.OpenAlert[]>} owners @param {number} total @param {() => void} redraw */
function ownerChoice(owners, total, redraw) {
  const options = [...owners].map(([owner, theirs]) => {
    const overdue = theirs.filter((alert) => alert.due && Date.parse(alert.due) < Date.now()).length;
    const text = `${owner || "nobody"}: ${theirs.length} open${overdue ? `, ${overdue} overdue` : ""}`;
    return h("option", { value: owner, selected: shown.owner === owner }, text);
  });
  const everyone = `everyone: ${format.count(total)} open`;
  const select = h(
    "select",
    { "data-key": "owner" },
    h("option", { value: "*", selected: shown.owner === null }, everyone),
    options,
  );
  select.addEventListener("change", () => {
    shown.owner = select.value === "*" ? null : select.value;
    redraw();
  });
  return h("label", { class: "field" }, "Owner ", select);
}

/** @param {api.OpenAlert[]} alerts @param {() => void} redraw */
function alertList(alerts, redraw) {
  const theirs = alerts.filter((alert) => shown.owner === null || (alert.owner ?? "") === shown.owner);
  const most = shown.all ? theirs.length : ALERTS_AT_FIRST;
  const items = theirs.slice(0, most).map((alert) => {
    const key = `${alert.account} ${alert.alert}`;
    return alertItem(alert, h("a", { href: accountAddress(alert.account), "data-key": key }, alert.account), [
      alert.owner ?? "no owner",
      alert.playbook && `playbook ${alert.playbook}`,
      `worth ${format.amount(alert.value)}`,
    ]);
  });
  const rest = theirs.length - ALERTS_AT_FIRST;
  const toggle = () => {
    shown.all = !shown.all;
    redraw();
  };
  const more =
    rest > 0 &&
    h(
      "button",
      { type: "button", onclick: toggle, "aria-expanded": String(shown.all), "data-key": "more" },
      shown.all ? "Show fewer" : `Show ${rest} more`,
    );
  return [h("ol", { class: "alerts" }, items), more];
}
