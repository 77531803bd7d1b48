// Loads every page of a running store, wide in light and narrow in dark, and turns each to the other theme: no error in the
// console, no violation that axe finds, nothing that jumps. An argument has the names of some pages, separated by commas.
// Needs a built `dist/` that the store serves, or a server in front of it.
//
//   PLANETSTORE_CONSOLE_URL, PLANETSTORE_USER, PLANETSTORE_PASSWORD   the store, and who signs in
//   PLANETSTORE_SCREENSHOTS                                           a folder for pictures of every page
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { forget, openPage, signIn, withBrowser } from "./lib/browser.mjs";
import { fill } from "./lib/fill.mjs";
import { pages } from "./lib/pages.mjs";

/** The greatest sum of layout shifts of a page, as browsers measure it. */
const SHIFT_MAX = 0.02;
/** How long a page may take to settle, in milliseconds, on a machine that does other things, too. */
const SETTLE_MAX_MS = 40_000;
/** The rules of axe that depend on the theme. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];
/** What browsers report of a refused request. */
const REFUSED = /status of 40[34] /;
/** Pages are loaded in these, side by side. */
const PASSES = [
  { width: 1_440, theme: "light", other: "dark" },
  { width: 768, theme: "dark", other: "light" },
];

const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const user = process.env.PLANETSTORE_USER ?? "root";
const password = process.env.PLANETSTORE_PASSWORD ?? "";
const pictures = process.env.PLANETSTORE_SCREENSHOTS;
const only = process.argv[2]?.split(",");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let failures = 0;

/** Waits until nothing on the page loads any more. */
async function settled(page) {
  await page.locator("h1").first().waitFor({ timeout: SETTLE_MAX_MS });
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"],.skeleton'), null, {
    timeout: SETTLE_MAX_MS,
  });
  await page.evaluate(() => document.fonts.ready);
}

/** The sum of all layout shifts since the page was asked for. */
function shifts(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        let sum = 0;
        const watch = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
        });
        watch.observe({ type: "layout-shift", buffered: true });
        // What was painted last is reported with the next frame.
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      }),
  );
}

async function violations(page, rules) {
  const found = await page.evaluate(async (values) => {
    const only = values && { runOnly: { type: "rule", values } };
    const options = { resultTypes: ["violations"], preload: false, iframes: false, ...only };
    return (await window.axe.run(document, options)).violations;
  }, rules);
  return found.map(
    ({ id, nodes }) =>
      `axe ${id}: ${nodes
        .slice(0, 3)
        .map((node) => node.target.join(" "))
        .join(" | ")}`,
  );
}

async function look(page, problems, place, { width, theme, other }) {
  const found = [];
  const picture = async (shown) =>
    pictures && page.screenshot({ path: join(pictures, `${place.name}-${shown}-${width}.png`) });
  try {
    await page.goto(`${url}${place.path}`);
    await settled(page);
    await place.act?.(page);
    // Of what is there twice, narrow screens hide one.
    if (place.ready) await page.getByText(place.ready).filter({ visible: true }).first().waitFor();
    const shift = await shifts(page);
    // What was refused is asked again where it is shown, and takes more room than an answer.
    if (shift > SHIFT_MAX && !place.refused) found.push(`what is shown jumped by ${shift.toFixed(3)}`);
    // The page's policy forbids other scripts; those of the debugger are exempt.
    await page.evaluate(axe);
    found.push(...(await violations(page)));
    await picture(theme);
    await page.emulateMedia({ colorScheme: other });
    await page.waitForFunction((to) => document.documentElement.dataset.theme === to, other);
    found.push(...(await violations(page, COLOUR_RULES)).map((each) => `${each} in ${other}`));
    await picture(other);
  } catch (error) {
    found.push(String(error));
  }
  await page.emulateMedia({ colorScheme: theme });
  found.push(...problems.splice(0).filter((problem) => !(place.refused && REFUSED.test(problem))));
  console.log(`${found.length === 0 ? "ok  " : "FAIL"} ${place.name}, ${width} wide, ${theme} and ${other}`);
  for (const problem of found) console.error(`     ${problem}`);
  failures += found.length;
}

/** Everything in one width, in a browser of its own: a page that lies behind another is not painted. */
function passThrough(pass) {
  return withBrowser(async (context) => {
    const { page, problems } = await openPage(context, pass);
    await forget(page, url);
    await look(page, problems, { name: "login", path: "/login" }, pass);
    await signIn(page, url, user, password);
    for (const place of pages) {
      if (!only || only.includes(place.name)) await look(page, problems, place, pass);
    }
  });
}

if (pictures) mkdirSync(pictures, { recursive: true });
await fill();
await Promise.all(PASSES.map(passThrough));
process.exitCode = failures === 0 ? 0 : 1;
