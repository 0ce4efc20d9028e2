// Runs before the page is drawn: the theme that was chosen here before, or else the system's.
(() => {
  try {
    const chosen = localStorage.getItem("pulsewatch.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's theme does.
  }
})();
