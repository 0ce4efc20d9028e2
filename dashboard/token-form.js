// Where a reader enters the token.

import { RequestError } from "./api.js";
import { fill, h } from "./dom.js";
import { keepToken, token } from "./token.js";

/** Shows the token's field in the place of the view when that is what is missing. @param {unknown} error */
export function asksForToken(error) {
  if (!(error instanceof RequestError) || error.status !== 401) return false;
  askForToken(token() ? "The service does not know this token." : "This service answers to those who show its token.");
  return true;
}

/** Shows the token's field in the place of the view. @param {string} why */
export function askForToken(why) {
  const main = document.getElementById("main");
  if (!main || main.querySelector("#token")) return;
  const field = h("input", { id: "token", type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  const form = h(
    "form",
    { class: "panel token" },
    h("h1", {}, "A token is needed"),
    h("p", {}, why),
    h("label", { for: "token" }, "Token"),
    field,
    h("p", { class: "faint" }, "It is kept in this tab until it is closed."),
    h("button", { type: "submit", class: "primary" }, "Go on"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(field.value.trim());
    document.dispatchEvent(new Event("token"));
  });
  fill(main, form);
  field.focus();
}
