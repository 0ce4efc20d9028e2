// What a human says of an account: saying it, and taking it back.

import * as api from "../api.js";
import { confirmed } from "../dialog.js";
import { fill, h } from "../dom.js";
import { asksForToken, askForToken } from "../token-form.js";
import { overrideForm } from "./override-form.js";
import { keys, refusal } from "./override-request.js";

const NOTHING = "nothing";

/**
 * A part of the account's view. `update` is told of every answer: what was sent shows in the one that differs.
 * @param {string} id of the account
 */
export function override(id) {
  const key = keys();
  /** Since when what is in force was said, or that nothing is. */
  let known = NOTHING;
  /** The same as it was when something was sent that does not show yet. @type {string | null} */
  let before = null;
  const said = h("div", { class: "said", role: "status" });
  const say = (/** @type {import("../dom.js").Child[]} */ ...words) => fill(said, words);

  /**
   * Sends it, with the parts that could send something else disabled meanwhile.
   * @param {() => Promise<unknown>} send
   * @returns {Promise<api.RequestError | null>} why it was refused
   */
  const send = async (send) => {
    const focused = document.activeElement;
    controls.disabled = true;
    before = known;
    say("Sending…");
    try {
      await send();
      if (before !== null) say("Sent; it shows in a moment.");
      return null;
    } catch (error) {
      before = null;
      if (!(error instanceof api.RequestError)) throw error;
      if (!asksForToken(error)) say(h("p", { class: "error" }, refusal(error)), error.status === 403 && otherToken());
      return error;
    } finally {
      controls.disabled = false;
      // What is disabled loses it.
      if (focused instanceof HTMLElement && document.activeElement === document.body) focused.focus();
    }
  };

  const form = overrideForm(id, async (request) => {
    const refused = await send(() => api.setOverride(id, request, key.of(request)));
    if (refused) return refused;
    key.spent();
    form.clear();
    more.open = false;
    summary.focus();
    return null;
  });
  const back = h("button", { type: "button" }, "Take it back");
  back.addEventListener("click", async () => {
    const question = "What was computed counts again: in lists, counts and outputs.";
    if (!(await confirmed("Take the override back?", question, "Take it back"))) return;
    if (!(await send(() => api.clearOverride(id, key.of("taken back"))))) key.spent();
  });
  const backLine = h("p", { hidden: true }, back);
  const summary = h("summary", {}, h("span", { class: "name" }, "Say a score or a band"));
  const more = h("details", {}, summary, form.element);
  const controls = h("fieldset", { class: "plain" }, h("legend", { class: "visually-hidden" }, "Override"), backLine, more);
  const element = h(
    "section",
    { class: "panel", id: "override", "aria-labelledby": "override-title" },
    h("div", { class: "head" }, h("h2", { id: "override-title" }, "Override")),
    said,
    controls,
  );

  /** @param {api.Account} account */
  const update = ({ override }) => {
    backLine.hidden = !override;
    known = override?.since ?? NOTHING;
    if (before === null || before === known) return;
    before = null;
    say(override ? "It is in force." : "It is taken back.");
  };
  return { element, update };
}

const otherToken = () =>
  h(
    "button",
    { type: "button", onclick: () => askForToken("To say something of an account, show the token that may write.") },
    "Enter the write token",
  );
