// The frame around the views: which one is shown, the theme, and the live mark.

import { fill, h } from "./dom.js";
import { connect } from "./live.js";
import { parse } from "./router.js";

/** Each comes with its own files, when it is first shown. @type {Record<string, import("./router.js").View>} */
const VIEWS = {
  "": { title: "Overview", load: () => import("./views/overview.js") },
  accounts: { title: "Accounts", load: () => import("./views/accounts.js") },
  account: { title: "Account", load: () => import("./views/account.js") },
  segments: { title: "Segments", load: () => import("./views/segments.js") },
  segment: { title: "Segment", load: () => import("./views/segment.js") },
  model: { title: "Model", load: () => import("./views/model.js") },
};

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
/** Which of the bar's views a view without a place there belongs to. @type {Record<string, string>} */
const BELONGS_TO = { account: "accounts", segment: "segments" };
let shown = new AbortController();

/** @param {boolean} byUser whether it was asked for, so that the focus goes along */
function show(byUser) {
  shown.abort();
  shown = new AbortController();
  const { name, rest, query } = parse(location.hash);
  const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : VIEWS[""];
  if (!view) return;
  document.title = `${rest || view.title} – Pulsewatch`;
  for (const link of document.querySelectorAll("#views a")) {
    const isCurrent = parse(link.getAttribute("href") ?? "").name === (BELONGS_TO[name] ?? name);
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  void draw(view, { main, rest, query, signal: shown.signal }, byUser);
}

/** @param {import("./router.js").View} view @param {import("./router.js").Place} place @param {boolean} byUser */
async function draw(view, place, byUser) {
  const loaded = await view.load().catch(() => null);
  // Another view was asked for meanwhile.
  if (place.signal.aborted) return;
  if (loaded) loaded.show(place);
  else tellOfAnotherVersion();
  if (byUser) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

/** The files of this page are gone once the service is of another version. */
function tellOfAnotherVersion() {
  const again = h("button", { type: "button", onclick: () => location.reload() }, "Load the page again");
  const text = "This view cannot be loaded. The service may be of another version by now, or away.";
  fill(main, h("h1", {}, "Pulsewatch"), h("div", { class: "state failure", role: "alert" }, h("p", {}, text), again));
}

function offerThemes() {
  const button = /** @type {HTMLButtonElement} */ (document.getElementById("theme"));
  const root = document.documentElement;
  const label = () => {
    const isDark = root.dataset.theme === "dark";
    button.textContent = isDark ? "☀" : "☾";
    button.setAttribute("aria-label", isDark ? "Use light colours" : "Use dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("pulsewatch.theme", root.dataset.theme);
    } catch {
      // It holds until the page is closed.
    }
    document.dispatchEvent(new Event("theme"));
  });
  document.addEventListener("theme", label);
  label();
}

// The skip link's target is no view.
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => show(true));
document.addEventListener("token", () => {
  connect();
  show(false);
});
offerThemes();
connect();
show(false);
