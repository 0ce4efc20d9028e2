// Parts of a view with their loading, error and stale states.

import { fill, h } from "./dom.js";
import { asksForToken } from "./token-form.js";

export const loading = () =>
  h(
    "div",
    { class: "state loading", role: "status" },
    h("span", { class: "visually-hidden" }, "Loading"),
    h("i", { class: "bone" }),
    h("i", { class: "bone" }),
    h("i", { class: "bone" }),
  );

/** @param {unknown} error @param {() => void} retry */
export function failure(error, retry) {
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
 * as the part before, which tells of failures for both; `retry` is what is loaded again then. What draws nothing is not there.
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
      if (text !== shown) {
        const drawn = of.draw(data);
        keepingFocus(body, () => fill(body, drawn));
        element.hidden = drawn.length === 0;
      }
      shown = text;
      note.textContent = "";
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
