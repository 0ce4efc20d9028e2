// One account: how it stands, since when, and why.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { onChange, gathered } from "../live.js";
import { panel } from "../panel.js";
import { bandMark, empty, fact, move } from "../parts.js";
import { alertItem, silencesInForce, silenceText } from "./alert-item.js";
import { history } from "./history.js";
import { dimensions } from "./indicators.js";
import { override } from "./override.js";
import { risk } from "./risk.js";
import { why as whyItMoved } from "./why.js";

/** An account is read from its checkpoint, about a second behind the stream. */
const REFRESH_MS = 2_000;

/** @param {import("../router.js").Place} place */
export function show({ main, rest: id, signal }) {
  /** @type {{ account: api.Account, tag: string | null } | null} */
  let known = null;
  /** All panels are made from one answer. The service answers with nothing while the account is as it was. */
  const load = api.shared(async () => {
    known = (await api.account(id, known?.tag ?? null, signal)) ?? known;
    if (!known) throw new Error("The service says that nothing is new, and nothing is known.");
    said.element.hidden = false;
    said.update(known.account);
    return known.account;
  });
  const said = override(id);
  // Of an account that there is not, nothing can be said.
  said.element.hidden = true;
  const moved = whyItMoved(id, signal);
  /** Without the model there is a line without bands. @type {Promise<api.Model | null>} */
  const model = api.model(signal).catch(() => null);
  /** @type {Set<string>} */
  const opened = new Set();
  /** @type {() => void} */
  const refreshAll = () => panels.forEach((panel) => void panel.refresh());
  const common = { signal, load, follows: true };
  const withModel = async () => ({ account: await load(), model: await model });
  const [now, why, leaves, over, made, open, more] = [
    panel({ ...common, id: "standing", title: "Now", draw: standing, follows: false, retry: refreshAll }),
    panel({ ...common, id: "why", title: "Why it moved", aside: moved.controls, draw: moved.update }),
    panel({ ...common, id: "risk", title: "Risk of leaving", draw: (account) => risk(account.risk) }),
    panel({
      ...common,
      id: "history",
      title: "Score over time",
      load: withModel,
      draw: ({ account, model }) => history(account, model, moved.choose, signal),
    }),
    panel({
      ...common,
      id: "made-of",
      title: "What the score is made of",
      draw: (account) => dimensions(account, opened, signal),
    }),
    panel({ ...common, id: "open", title: "Open alerts", load: withModel, draw: openAlerts }),
    panel({ ...common, id: "attributes", title: "Attributes", draw: attributes }),
  ];
  const panels = [now, why, leaves, over, made, open, more];
  fill(
    main,
    h("p", { class: "crumb" }, h("a", { href: "#/accounts" }, "Accounts")),
    h("h1", {}, id),
    h(
      "div",
      { class: "columns" },
      h("div", {}, now.element, said.element, open.element),
      h("div", {}, why.element, leaves.element),
    ),
    over.element,
    more.element,
    made.element,
  );
  const refresh = gathered(refreshAll, REFRESH_MS, signal);
  onChange((change) => {
    if (change.mayBeAbout(id)) refresh();
  }, signal);
}

/** @param {api.Account} account */
function standing(account) {
  const said = account.override;
  return [
    h(
      "p",
      { class: "score" },
      h("strong", {}, format.points(account.score)),
      " of 100 ",
      bandMark(said ? said.computed_band : account.band),
      said && " computed",
    ),
    said && inForce(said),
    account.stale.length > 0 &&
      h(
        "p",
        { class: "note" },
        `No account has ${account.stale.map(format.words).join(" and ")} events any more: what rests on them stands where it was.`,
      ),
    h(
      "dl",
      { class: "facts" },
      fact("7 days", move(account.trend["7d"])),
      fact("28 days", move(account.trend["28d"])),
      fact("Weight with data", format.share(account.coverage)),
      fact("As of", format.time(account.as_of)),
      fact("Scorecard", account.scorecard),
      fact("Model", account.model),
    ),
  ];
}

/** What a human has said instead; lists and counts go by it. @param {NonNullable<api.Account["override"]>} said */
const inForce = (said) =>
  h(
    "div",
    { class: "override" },
    h(
      "p",
      { class: "score" },
      said.score !== null && [h("strong", {}, format.points(said.score)), " of 100 "],
      bandMark(said.band),
      ` said by ${said.author || "nobody who gave a name"}`,
    ),
    said.reason && h("p", { class: "reason" }, said.reason),
    h(
      "p",
      { class: "faint" },
      `Since ${format.time(said.since)}, ${said.expires ? `until ${format.time(said.expires)}` : "until it is taken back"}.`,
    ),
  );

/** @param {{ account: api.Account, model: api.Model | null }} of */
function openAlerts({ account: { alerts, held_back: held }, model }) {
  const items = alerts.map((alert) =>
    alertItem(alert, h("strong", {}, format.words(alert.alert)), [
      alert.since && `since ${format.time(alert.since)}`,
      alert.playbook && `playbook ${alert.playbook}`,
    ]),
  );
  return [items.length > 0 ? h("ol", { class: "alerts" }, items) : empty("Nothing is open."), ...heldBack(held, model)];
}

/** @param {string[]} held @param {api.Model | null} model */
function heldBack(held, model) {
  if (held.length === 0) return [];
  const silences = silencesInForce(model?.silences ?? []).filter(({ alerts }) => alerts.some((rule) => held.includes(rule)));
  return [
    h("p", { class: "note" }, `Held back by a silence: ${held.map(format.words).join(", ")}.`),
    silences.map((silence) => h("p", { class: "faint" }, silenceText(silence))),
  ].flat();
}

/** @param {api.Account} account */
function attributes({ attributes, newest_events: newest }) {
  const rows = [
    ...Object.entries(attributes).map(([name, value]) => [format.words(name), format.attribute(value)]),
    ...Object.entries(newest).map(([kind, time]) => [`newest ${format.words(kind)} event`, format.time(time)]),
  ];
  if (rows.length === 0) return [empty("Nothing is known of it beside its events.")];
  return [
    h(
      "dl",
      { class: "facts" },
      rows.map(([name = "", value]) => fact(name, value)),
    ),
  ];
}
