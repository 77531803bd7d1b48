// Chromium, as the tests use it.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** How long a page may take for what is waited for, in milliseconds, on a machine that does other things, too. */
const PATIENCE_MS = 60_000;

/** Starts Chromium with a profile of its own, and ends it after `work`. */
export async function withBrowser(work) {
  const executablePath = process.env.PLANETSTORE_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`there is no ${executablePath}: apt-get install chromium`);
  const profile = mkdtempSync(join(tmpdir(), "planetstore-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: FLAGS,
  });
  try {
    return await work(context);
  } catch (error) {
    await tell(context);
    throw error;
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Characters of each page that are told when a test fails, and milliseconds that this may take. */
const TOLD_MAX = 8_000;
const TELLING_MS = 10_000;

/** Tells what the pages show, for those who cannot look at them any more. */
async function tell(context) {
  for (const page of context.pages()) {
    const shown = await page
      .locator("body")
      .ariaSnapshot({ timeout: TELLING_MS })
      .catch((error) => `nothing: ${error.message}`);
    const links = /^\s*- \/url:.*\n/gm;
    console.log(`the page ${page.url()} shows\n${shown.replace(links, "").slice(0, TOLD_MAX)}`);
  }
}

/** S3 answers 404 for a setting that a bucket does not have, and browsers report every 404. */
const UNSET = /status of 404 .*\/api\/v1\/s3\/[^/]+\?/;

/** Opens a page that notes what goes wrong in it. `ignored` are patterns of what a test provokes. */
export async function openPage(context, { width, height = 900, theme }, ignored = []) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  // Only documents that are no pages, such as the one of `forget`, have it asked for.
  await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  const problems = [];
  const note = (text) => {
    if (![UNSET, ...ignored].some((pattern) => pattern.test(text))) problems.push(text);
  };
  page.on(
    "console",
    (message) => message.type() === "error" && note(`${message.text()} (${message.location().url})`),
  );
  page.on("pageerror", (error) => note(String(error.stack ?? error)));
  // With a listener from the start the browser leaves choosers to the test; one that is asked to when the key is pressed
  // may look at the key first.
  page.on("filechooser", () => undefined);
  return { page, problems };
}

/** Forgets the session that an earlier page of this browser began. */
export async function forget(page, url) {
  await page.context().clearCookies();
  await page.goto(`${url}/theme.js`);
  await page.evaluate(() => localStorage.clear());
}

/** Signs in by the form. */
export async function signIn(page, url, user, password) {
  await forget(page, url);
  await page.goto(`${url}/login`);
  await page.getByLabel("User").fill(user);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).first().waitFor({ state: "attached" });
}
