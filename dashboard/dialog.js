// A question that has to be answered before something is done.

import { h } from "./dom.js";

/**
 * Whether a reader says so. Escape, and the browser's own way back, are a no; the focus goes back to where it was.
 * @param {string} title
 * @param {string} text
 * @param {string} yes what is done
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, yes) {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-title", "aria-describedby": "dialog-text" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "dialog-title" }, title),
      h("p", { id: "dialog-text" }, text),
      h(
        "div",
        { class: "actions" },
        h("button", { value: "yes", class: "primary" }, yes),
        h("button", { value: "no", autofocus: true }, "Cancel"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    // An address that changes takes the page away under it.
    addEventListener("hashchange", () => dialog.close(), { once: true });
  });
}
