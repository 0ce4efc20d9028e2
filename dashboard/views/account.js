// One account: how it stands, since when, and why.

import * as api from "../api.js";
import { scores } from "../charts.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { onChange, gathered } from "../live.js";
import { panel } from "../panel.js";
import { bandMark, dueMark, empty, move, severityMark } from "../parts.js";
import { waterfall } from "./drivers.js";
import { dimensions } from "./indicators.js";

/** An account is read from its checkpoint, about a second behind the stream. */
const REFRESH_MS = 2_000;

/** @param {import("../router.js").Place} place */
export function show({ main, rest: id, signal }) {
  /** @type {{ account: api.Account, tag: string | null } | null} */
  let known = null;
  /** @type {Promise<api.Account> | null} */
  let asked = null;
  /** All panels are made from one answer. The service answers with nothing while the account is as it was. */
  const load = () => {
    asked ??= api
      .account(id, known?.tag ?? null, signal)
      .then((answer) => {
        known = answer ?? known;
        if (!known) throw new Error("The service says that nothing is new, and nothing is known.");
        return known.account;
      })
      .finally(() => {
        asked = null;
      });
    return asked;
  };
  /** Without the model there is a line without bands. @type {Promise<api.Model | null>} */
  const model = api.model(signal).catch(() => null);
  /** @type {Set<string>} */
  const opened = new Set();
  /** @type {() => void} */
  const refreshAll = () => panels.forEach((panel) => void panel.refresh());
  const common = { signal, load, follows: true };
  const [now, why, over, made, open, more] = [
    panel({ ...common, id: "standing", title: "Now", draw: standing, follows: false, retry: refreshAll }),
    panel({ ...common, id: "why", title: "Why it moved", draw: (account) => waterfall(account.last_move) }),
    panel({
      ...common,
      id: "history",
      title: "Score over time",
      load: async () => ({ account: await load(), model: await model }),
      draw: ({ account, model }) => history(account, model, signal),
    }),
    panel({
      ...common,
      id: "made-of",
      title: "What the score is made of",
      draw: (account) => dimensions(account, opened, signal),
    }),
    panel({ ...common, id: "open", title: "Open alerts", draw: openAlerts }),
    panel({ ...common, id: "attributes", title: "Attributes", draw: attributes }),
  ];
  const panels = [now, why, over, made, open, more];
  fill(
    main,
    h("p", { class: "crumb" }, h("a", { href: "#/accounts" }, "Accounts")),
    h("h1", {}, id),
    h("div", { class: "columns" }, h("div", {}, now.element), h("div", {}, why.element)),
    over.element,
    h("div", { class: "columns" }, h("div", {}, open.element), h("div", {}, more.element)),
    made.element,
  );
  const refresh = gathered(refreshAll, REFRESH_MS, signal);
  onChange((change) => {
    if (change.mayBeAbout(id)) refresh();
  }, signal);
}

/** @param {api.Account} account */
function standing(account) {
  const fact = (/** @type {string} */ name, /** @type {import("../dom.js").Child} */ value) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return [
    h("p", { class: "score" }, h("strong", {}, format.points(account.score)), " of 100 ", bandMark(account.band)),
    h(
      "dl",
      { class: "facts" },
      fact("7 days", move(account.trend["7d"])),
      fact("28 days", move(account.trend["28d"])),
      fact("Weight with data", format.share(account.coverage)),
      account.risk && fact(`Risk of leaving within ${account.risk.horizon}`, format.share(account.risk.probability)),
      fact("As of", format.time(account.as_of)),
      fact("Scorecard", account.scorecard),
      fact("Model", account.model),
    ),
  ];
}

/** @param {api.Account} account @param {api.Model | null} model @param {AbortSignal} signal */
function history(account, model, signal) {
  if (account.history.length === 0) return [empty("No day is over yet.")];
  const points = account.history.map(({ day, score }) => ({ time: Date.parse(day) / 1000, score }));
  const now = { time: Date.parse(account.as_of) / 1000, score: account.score };
  const last = points.at(-1);
  // Up to now: days on which nothing changed are not in the history.
  if (last && now.time > last.time) points.push(now);
  const bands = model?.scorecards.find(({ id }) => id === account.scorecard)?.bands;
  const thresholds = bands ? { yellow: bands.yellow.enter, green: bands.green.enter } : null;
  const alerts = account.alerts.flatMap(({ since }) => (since ? [Date.parse(since) / 1000] : []));
  const since = points[0]?.time ?? 0;
  const isMarked = alerts.some((alert) => alert >= since);
  const known = account.history.flatMap(({ score }) => (score === null ? [] : [score]));
  const label = `Score from ${format.day(account.history[0]?.day)} to ${format.day(account.as_of)}: lowest ${format.points(Math.min(...known))}, highest ${format.points(Math.max(...known))}, now ${format.points(account.score)}`;
  return [
    scores(points, thresholds, alerts, label, signal),
    h(
      "p",
      { class: "faint" },
      thresholds && "Colours are the bands, from the score at which they are entered. ",
      isMarked && "Dashed: an alert that is open began.",
    ),
  ];
}

/** @param {api.Account} account */
function openAlerts({ alerts }) {
  if (alerts.length === 0) return [empty("Nothing is open.")];
  const items = alerts.map((alert) =>
    h(
      "li",
      {},
      h("div", { class: "line" }, severityMark(alert.severity), h("strong", {}, format.words(alert.alert)), dueMark(alert.due)),
      h("div", { class: "reason" }, alert.reason ?? ""),
      h(
        "div",
        { class: "faint" },
        [alert.since && `since ${format.time(alert.since)}`, alert.playbook && `playbook ${alert.playbook}`]
          .filter(Boolean)
          .join(" · "),
      ),
    ),
  );
  return [h("ol", { class: "alerts" }, items)];
}

/** @param {api.Account} account */
function attributes({ attributes, newest_events: newest }) {
  const rows = [
    ...Object.entries(attributes).map(([name, value]) => [
      format.words(name),
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
    ...Object.entries(newest).map(([kind, time]) => [`newest ${format.words(kind)} event`, format.time(time)]),
  ];
  if (rows.length === 0) return [empty("Nothing is known of it beside its events.")];
  return [
    h(
      "dl",
      { class: "facts" },
      rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
  ];
}
