// The form in which a human says something of an account.

import { fill, h } from "../dom.js";
import { field, showMistakes } from "../fields.js";
import { requestOf } from "./override-request.js";

/** What is typed outlives the form, as when a token is asked for in its place. @type {Map<string, import("./override-request.js").Draft>} */
const drafts = new Map();
const EMPTY = { by: "band", score: "", band: "red", reason: "", author: "", expires: "" };

/**
 * @param {string} id of the account
 * @param {(request: import("../api.js").OverrideRequest) => Promise<import("../api.js").RequestError | null>} send
 */
export function overrideForm(id, send) {
  const draft = drafts.get(id) ?? EMPTY;
  const by = (/** @type {string} */ value, /** @type {string} */ text) =>
    h("label", { class: "check" }, h("input", { type: "radio", name: "by", value, checked: draft.by === value }), text);
  const band = h(
    "select",
    { id: "override-band", name: "band" },
    ["red", "yellow", "green"].map((band) => h("option", { value: band, selected: draft.band === band }, band)),
  );
  const score = h("input", {
    id: "override-score",
    name: "score",
    type: "number",
    min: 0,
    max: 100,
    step: "any",
    value: draft.score,
  });
  const reason = h("textarea", { id: "override-reason", name: "reason", rows: 2, required: true, value: draft.reason });
  const author = h("input", {
    id: "override-author",
    name: "author",
    required: true,
    autocomplete: "email",
    value: draft.author,
  });
  const expires = h("input", { id: "override-expires", name: "expires", type: "datetime-local", value: draft.expires });
  const bandField = field(band, "Band");
  const scoreField = field(score, "Score", "0 (worst) to 100 (healthy); the band follows from it");
  const other = h("p", { class: "error" });
  // The service names every mistake; a browser would name one.
  const form = h(
    "form",
    { class: "fields", novalidate: true, "aria-labelledby": "override-title" },
    h(
      "fieldset",
      { class: "field" },
      h("legend", {}, "What is said"),
      h("div", { class: "checks" }, by("band", "a band"), by("score", "a score")),
    ),
    bandField,
    scoreField,
    field(reason, "Reason"),
    field(author, "Who says so", "Such as your e-mail address"),
    field(expires, "Until, in UTC", "Empty: until it is taken back"),
    other,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Say so")),
  );
  const held = () => /** @type {typeof draft} */ (/** @type {unknown} */ (Object.fromEntries(new FormData(form))));
  const show = () => {
    const isScore = held().by === "score";
    bandField.hidden = isScore;
    scoreField.hidden = !isScore;
  };
  show();
  form.addEventListener("input", () => {
    drafts.set(id, held());
    show();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    showMistakes(form, []);
    fill(other);
    const refused = await send(requestOf(held()));
    if (refused?.status !== 422) return;
    const left = showMistakes(form, refused.mistakes).map(({ parameter, detail }) => `${parameter} ${detail}`);
    fill(other, refused.mistakes.length > 0 ? left.join("; ") : refused.detail);
  });
  const clear = () => {
    drafts.delete(id);
    for (const input of [score, reason, expires]) input.value = "";
  };
  return { element: form, clear };
}
