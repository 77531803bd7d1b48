// Sets the theme before the first paint. It blocks on purpose, and is a file because inline scripts are forbidden.
(() => {
  let chosen = "system";
  try {
    chosen = localStorage.getItem("planetstore.theme") ?? "system";
  } catch {
    // Without storage the theme follows the system.
  }
  const isDark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
