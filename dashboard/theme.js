// Runs before the page is drawn: the theme that was chosen here before, or else the system's, which may change.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("pulsewatch.theme");
    } catch {
      // Storage may be forbidden; the system's theme does.
      return null;
    }
  };
  const apply = () => {
    document.documentElement.dataset.theme = chosen() ?? (dark.matches ? "dark" : "light");
    document.dispatchEvent(new Event("theme"));
  };
  dark.addEventListener("change", apply);
  apply();
})();
