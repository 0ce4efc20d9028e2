// Fields of forms, with what is wrong with each next to it.

import { fill, h } from "./dom.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Input */

/**
 * A field by its input's name, which the service knows it by, too.
 * @param {Input} input with an id and a name
 * @param {string} label
 * @param {string} [hint]
 */
export function field(input, label, hint) {
  const error = h("p", { class: "error", id: `${input.id}-error` });
  const about = hint ? h("p", { class: "faint hint", id: `${input.id}-hint` }, hint) : null;
  input.setAttribute("aria-describedby", [error.id, about?.id].filter(Boolean).join(" "));
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, about, error);
}

/**
 * Shows each mistake next to its field, and none where there is none; the first such field gets the focus.
 * @param {HTMLFormElement} form
 * @param {import("./api.js").Mistake[]} mistakes
 * @returns those that no visible field has
 */
export function showMistakes(form, mistakes) {
  const left = new Set(mistakes);
  /** @type {Input | null} */
  let first = null;
  for (const input of /** @type {NodeListOf<Input>} */ (form.querySelectorAll("[aria-describedby]"))) {
    const own = input.closest("[hidden]") ? [] : mistakes.filter(({ parameter }) => parameter === input.name);
    own.forEach((mistake) => left.delete(mistake));
    input.setAttribute("aria-invalid", String(own.length > 0));
    const place = form.querySelector(`#${input.id}-error`);
    if (place) fill(place, own.map(({ detail }) => detail).join("; "));
    if (own.length > 0) first ??= input;
  }
  first?.focus();
  return [...left];
}
