// The frame around the views: which one is shown, the theme, and the live mark.

import { connect } from "./live.js";
import { parse } from "./router.js";
import { show as account } from "./views/account.js";
import { show as accounts } from "./views/accounts.js";
import { show as model } from "./views/model.js";
import { show as overview } from "./views/overview.js";
import { show as segment } from "./views/segment.js";
import { show as segments } from "./views/segments.js";

/** @type {Record<string, import("./router.js").View>} */
const VIEWS = {
  "": { title: "Overview", show: overview },
  accounts: { title: "Accounts", show: accounts },
  account: { title: "Account", show: account },
  segments: { title: "Segments", show: segments },
  segment: { title: "Segment", show: segment },
  model: { title: "Model", show: model },
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
  view.show({ main, rest, query, signal: shown.signal });
  if (byUser) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
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
