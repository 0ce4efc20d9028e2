// What several views are made of: panels with their loading, empty and error states, and marks for bands and moves.

import { RequestError } from "./api.js";
import { fill, h } from "./dom.js";
import * as format from "./format.js";
import { keepToken, token } from "./token.js";

/** @typedef {import("./api.js").Band} Band */

/** @type {Band[]} The worst first. */
export const BANDS = ["red", "yellow", "green", "unknown"];
const SHAPES = { red: "▼", yellow: "◆", green: "●", unknown: "○" };

/** A band by word, shape and colour. @param {Band} band */
export const bandMark = (band) =>
  h("span", { class: `band ${band}` }, h("span", { "aria-hidden": "true", class: "shape" }, SHAPES[band]), band);

/** A change in points. @param {number | null} points */
export function move(points) {
  const direction = points === null || Math.abs(points) < 0.05 ? "" : points < 0 ? "down" : "up";
  return h("span", { class: `move ${direction}` }, format.change(points));
}

/** @param {string | null | undefined} severity */
export const severityMark = (severity) => h("span", { class: `severity ${severity ?? ""}` }, severity ?? format.NOT_KNOWN);

/** When something is due, and whether that is past. @param {string | null | undefined} due */
export function dueMark(due) {
  if (!due) return h("span", { class: "faint" }, "no deadline");
  const isOver = Date.parse(due) < Date.now();
  const text = isOver ? `overdue by ${format.span((Date.now() - Date.parse(due)) / 1000)}` : `due ${format.fromNow(due)}`;
  return h("time", { datetime: due, title: format.time(due), class: isOver ? "overdue" : "" }, text);
}

/** @param {string} text @param {import("./dom.js").Child} [more] */
export const empty = (text, more) => h("p", { class: "state empty" }, text, more);

const loading = () =>
  h(
    "div",
    { class: "state loading", role: "status" },
    h("span", { class: "visually-hidden" }, "Loading"),
    h("i", { class: "bone" }),
    h("i", { class: "bone" }),
    h("i", { class: "bone" }),
  );

/** @param {unknown} error @param {() => void} retry */
function failure(error, retry) {
  const text = error instanceof Error ? error.message : String(error);
  return h(
    "div",
    { class: "state failure", role: "alert" },
    h("p", {}, text),
    h("button", { type: "button", onclick: retry }, "Try again"),
  );
}

/**
 * A part of a view. Once it shows something, a failure leaves that there and says so. With `follows` it is made from the same answer
 * as the part before, which tells of failures for both; `retry` is what is loaded again then.
 * @template T
 * @param {{ title: string, id: string, aside?: import("./dom.js").Child, signal: AbortSignal, follows?: boolean, retry?: () => void,
 *   load: (signal: AbortSignal) => Promise<T>, draw: (data: T) => import("./dom.js").Child[] }} of
 */
export function panel(of) {
  const body = h("div", { class: "body" }, loading());
  const note = h("p", { class: "note", role: "status" });
  const element = h(
    "section",
    { class: "panel", id: of.id, "aria-labelledby": `${of.id}-title` },
    h("div", { class: "head" }, h("h2", { id: `${of.id}-title` }, of.title), of.aside ?? null),
    note,
    body,
  );
  /** What is shown, to leave it alone while it stays the same. @type {string | null} */
  let shown = null;
  /** Answers may come in another order than they were asked for: the last question counts. */
  let asked = 0;
  const refresh = async () => {
    const own = ++asked;
    try {
      const data = await of.load(of.signal);
      if (own !== asked || of.signal.aborted || waitsForChoice(body, refresh)) return;
      const text = JSON.stringify(data);
      if (text !== shown) keepingFocus(body, () => fill(body, of.draw(data)));
      shown = text;
      note.textContent = "";
      element.hidden = false;
    } catch (error) {
      if (own !== asked || of.signal.aborted || asksForToken(error)) return;
      if (shown !== null) note.textContent = `Not up to date: ${error instanceof Error ? error.message : error}`;
      else if (of.follows) element.hidden = true;
      else
        fill(
          body,
          failure(error, () => {
            fill(body, loading());
            (of.retry ?? refresh)();
          }),
        );
    }
  };
  void refresh();
  return { element, refresh };
}

/** A list that is unfolded would close: it is drawn anew when it is left. @param {Element} body @param {() => void} refresh */
function waitsForChoice(body, refresh) {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLSelectElement) || !body.contains(focused)) return false;
  focused.addEventListener("blur", refresh, { once: true });
  return true;
}

/**
 * Draws anew, and leaves the focus at what stands in the same place by its `data-key`.
 * @param {Element} body
 * @param {() => void} draw
 */
function keepingFocus(body, draw) {
  const focused = document.activeElement;
  const key = focused && body.contains(focused) ? focused.getAttribute("data-key") : null;
  draw();
  if (!key) return;
  const same = [...body.querySelectorAll("[data-key]")].find((element) => element.getAttribute("data-key") === key);
  if (same instanceof HTMLElement) same.focus({ preventScroll: true });
}

/** Shows the token's field in the place of the view when that is what is missing. @param {unknown} error */
export function asksForToken(error) {
  if (!(error instanceof RequestError) || error.status !== 401) return false;
  const main = document.getElementById("main");
  if (!main || main.querySelector("#token")) return true;
  const field = h("input", { id: "token", type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  const form = h(
    "form",
    { class: "panel token" },
    h("h1", {}, "A token is needed"),
    h("p", {}, token() ? "The service does not know this token." : "This service answers to those who show its token."),
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
  return true;
}

/**
 * A table with a name. Columns of class `wide` are left out where there is no room for them.
 * @param {string} name
 * @param {[text: import("./dom.js").Child, className?: string][]} columns
 * @param {HTMLTableRowElement[]} rows
 */
export const table = (name, columns, rows) =>
  h(
    "table",
    {},
    h("caption", { class: "visually-hidden" }, name),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        columns.map(([text, className]) => h("th", { scope: "col", class: className }, text)),
      ),
    ),
    h("tbody", {}, rows),
  );

/** @param {number} share 0..1 @param {string} className */
export const bar = (share, className) =>
  h(
    "span",
    { class: `track ${className}`, "aria-hidden": "true" },
    h("span", { style: { width: `${Math.min(100, Math.max(0, share * 100))}%` } }),
  );
