// Loads every page of a running store in both themes and two widths: no error in the console, no violation that axe finds,
// nothing that jumps. An argument has the names of some pages, separated by commas.
// Needs a built `dist/` that the store serves, or a server in front of it.
//
//   PLANETSTORE_CONSOLE_URL, PLANETSTORE_USER, PLANETSTORE_PASSWORD   the store, and who signs in
//   PLANETSTORE_THEMES, PLANETSTORE_WIDTHS                            some of them, separated by commas
//   PLANETSTORE_SCREENSHOTS                                           a folder for pictures of every page
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { forget, openPage, signIn, withBrowser } from "./lib/browser.mjs";
import { pages } from "./lib/pages.mjs";

/** The greatest sum of layout shifts of a page, as browsers measure it. */
const SHIFT_MAX = 0.02;
/** How long the change from one page to the next takes, in milliseconds. */
const CHANGE_MS = 150;
/** How long a page may take to settle, in milliseconds. */
const SETTLE_MAX_MS = 10_000;

const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const user = process.env.PLANETSTORE_USER ?? "root";
const password = process.env.PLANETSTORE_PASSWORD ?? "";
const themes = (process.env.PLANETSTORE_THEMES ?? "light,dark").split(",");
const widths = (process.env.PLANETSTORE_WIDTHS ?? "1440,768").split(",").map(Number);
const pictures = process.env.PLANETSTORE_SCREENSHOTS;
const only = process.argv[2]?.split(",");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let failures = 0;

/** Waits until nothing on the page loads any more. */
async function settled(page) {
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"],.skeleton'), null, {
    timeout: SETTLE_MAX_MS,
  });
  await page.evaluate(() => document.fonts.ready);
}

async function violations(page) {
  // The page's policy forbids other scripts; those of the debugger are exempt.
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }),
  );
  return found.map(
    ({ id, nodes }) =>
      `axe ${id}: ${nodes
        .slice(0, 3)
        .map((node) => node.target.join(" "))
        .join(" | ")}`,
  );
}

async function check(page, problems, place, name) {
  const found = [];
  try {
    await page.evaluate((to) => {
      history.pushState({}, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
    }, place.path);
    await page.locator("h1").first().waitFor();
    // The change of the page is no jump within it.
    await page.waitForTimeout(CHANGE_MS);
    await page.evaluate(() => {
      window.shift = 0;
      window.watch ??= new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
      });
      window.watch.observe({ type: "layout-shift" });
    });
    await settled(page);
    if (place.ready) await page.getByText(place.ready).first().waitFor();
    const shift = await page.evaluate(() => window.shift);
    if (shift > SHIFT_MAX) found.push(`what is shown jumped by ${shift.toFixed(3)}`);
    found.push(...(await violations(page)));
  } catch (error) {
    found.push(String(error));
  }
  found.push(...problems.splice(0));
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
  console.log(`${found.length === 0 ? "ok  " : "FAIL"} ${name}`);
  for (const problem of found) console.error(`     ${problem}`);
  failures += found.length;
}

if (pictures) mkdirSync(pictures, { recursive: true });
await withBrowser(async (context) => {
  for (const theme of themes) {
    for (const width of widths) {
      const { page, problems } = await openPage(context, { width, theme });
      await forget(page, url);
      await page.goto(`${url}/login`);
      await check(page, problems, { path: "/login" }, `login-${theme}-${width}`);
      await signIn(page, url, user, password);
      for (const place of pages) {
        if (only && !only.includes(place.name)) continue;
        await check(page, problems, place, `${place.name}-${theme}-${width}`);
      }
      await page.close();
    }
  }
});
process.exitCode = failures === 0 ? 0 : 1;
