// Open alerts of all accounts, by owner and deadline.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { dueMark, empty, severityMark } from "../parts.js";
import { accountAddress } from "../router.js";

/** So many before a reader asks for more. */
const ALERTS_AT_FIRST = 8;

/** What the list of alerts is narrowed to; it stays while the panel is drawn anew. */
const shown = { owner: /** @type {string | null} */ (null), all: false };

/** By deadline, of everyone or of one owner. @param {api.Alerts} answer */
export function alerts(answer) {
  if (answer.alerts.length === 0) return [empty("Nothing is open. Well done.")];
  const owners = Map.groupBy(answer.alerts, (alert) => alert.owner ?? "");
  if (shown.owner !== null && !owners.has(shown.owner)) shown.owner = null;
  const list = h("div", {});
  const redraw = () => fill(list, alertList(answer.alerts, redraw));
  const options = [...owners].map(([owner, theirs]) => {
    const overdue = theirs.filter((alert) => alert.due && Date.parse(alert.due) < Date.now()).length;
    const text = `${owner || "nobody"}: ${theirs.length} open${overdue ? `, ${overdue} overdue` : ""}`;
    return h("option", { value: owner, selected: shown.owner === owner }, text);
  });
  const everyone = `everyone: ${format.count(answer.total)} open`;
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
  redraw();
  const cut = answer.next ? h("p", { class: "faint" }, `The ${answer.alerts.length} that are due first.`) : null;
  return [h("label", { class: "field" }, "Owner ", select), list, cut];
}

/** @param {api.OpenAlert[]} alerts @param {() => void} redraw */
function alertList(alerts, redraw) {
  const theirs = alerts.filter((alert) => shown.owner === null || (alert.owner ?? "") === shown.owner);
  const most = shown.all ? theirs.length : ALERTS_AT_FIRST;
  const items = theirs
    .slice(0, most)
    .map((alert) =>
      h(
        "li",
        {},
        h(
          "div",
          { class: "line" },
          severityMark(alert.severity),
          h("a", { href: accountAddress(alert.account), "data-key": `${alert.account} ${alert.alert}` }, alert.account),
          dueMark(alert.due),
        ),
        h("div", { class: "reason" }, alert.reason ?? format.words(alert.alert)),
        h(
          "div",
          { class: "faint" },
          [alert.owner ?? "no owner", alert.playbook && `playbook ${alert.playbook}`, `worth ${format.amount(alert.value)}`]
            .filter(Boolean)
            .join(" · "),
        ),
      ),
    );
  const rest = theirs.length - ALERTS_AT_FIRST;
  const toggle = () => {
    shown.all = !shown.all;
    redraw();
  };
  const more =
    rest > 0 &&
    h(
      "button",
      { type: "button", onclick: toggle, "aria-expanded": String(shown.all) },
      shown.all ? "Show fewer" : `Show ${rest} more`,
    );
  return [h("ol", { class: "alerts" }, items), more];
}
