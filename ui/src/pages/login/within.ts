/** The address to go to after the sign-in: a path of the console, whatever the URL asks for. */
export function within(to: string | undefined): string {
  if (to === undefined || !to.startsWith("/") || to.startsWith("//") || to.includes("\\")) return "/";
  const url = new URL(to, "http://console.invalid");
  if (url.host !== "console.invalid" || /^\/(login|api|objects|schemas)(\/|$)/.test(url.pathname)) return "/";
  return url.pathname + url.search + url.hash;
}
