// What another model would change, before anybody brings it into force.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { asksForToken } from "../token-form.js";
import { report } from "./what-if-report.js";

/** The service refuses what is wrong with a model by this. */
const WRONG = 422;

/**
 * @param {() => Promise<api.Model>} inForce
 * @param {AbortSignal} signal
 */
export function whatIf(inForce, signal) {
  const text = h("textarea", {
    id: "what-if-model",
    rows: 12,
    spellcheck: "false",
    autocomplete: "off",
    "aria-describedby": "what-if-about",
  });
  const copy = h("button", { type: "button" }, "Start from the one in force");
  const run = h("button", { type: "submit", class: "primary" }, "Try it");
  const state = h("p", { class: "busy", role: "status" });
  const result = h("div", { class: "result" });
  /** @param {Promise<import("../dom.js").Child[]>} parts */
  const show = async (parts) => {
    try {
      fill(result, await parts);
    } catch (error) {
      if (!signal.aborted && !asksForToken(error)) fill(result, failure(error));
    }
  };
  copy.addEventListener("click", () =>
    show(
      inForce().then(({ source }) => {
        text.value = source;
        text.setSelectionRange(0, 0);
        text.scrollTop = 0;
        text.focus();
        return [];
      }),
    ),
  );
  const form = h(
    "form",
    { class: "fields" },
    h("label", { for: "what-if-model" }, "Another model, as TOML"),
    text,
    h("p", { class: "faint", id: "what-if-about" }, "Every account is scored by both models. Nothing is changed by it."),
    h("div", { class: "actions" }, run, copy),
    state,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Still in focus, as it would not be when disabled.
    if (run.getAttribute("aria-disabled") === "true") return;
    run.setAttribute("aria-disabled", "true");
    state.textContent = "Scoring the accounts by both…";
    result.setAttribute("aria-busy", "true");
    await show(api.tryModel(text.value, signal).then(report));
    result.removeAttribute("aria-busy");
    run.removeAttribute("aria-disabled");
    state.textContent = result.querySelector(".failure") ? "" : "Done: see below.";
  });
  return h(
    "section",
    { class: "panel", id: "what-if", "aria-labelledby": "what-if-title" },
    h("div", { class: "head" }, h("h2", { id: "what-if-title" }, "What if")),
    form,
    result,
  );
}

/** @param {unknown} error */
function failure(error) {
  if (!(error instanceof api.RequestError) || error.status !== WRONG)
    return h("p", { class: "state failure", role: "alert" }, error instanceof Error ? error.message : String(error));
  const count = error.mistakes.length;
  return h(
    "div",
    { class: "failure" },
    h("p", { role: "alert" }, `This is no model: ${count === 1 ? "one mistake" : `${count} mistakes`}.`),
    h("pre", { tabindex: "0", role: "region", "aria-label": "Mistakes in the model" }, h("code", {}, error.detail)),
  );
}
