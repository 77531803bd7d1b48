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
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Opens a page that notes what goes wrong in it. `ignored` are patterns of what a test provokes. */
export async function openPage(context, { width, height = 900, theme }, ignored = []) {
  const page = await context.newPage();
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  const problems = [];
  const note = (text) => {
    if (!ignored.some((pattern) => pattern.test(text))) problems.push(text);
  };
  page.on(
    "console",
    (message) => message.type() === "error" && note(`${message.text()} (${message.location().url})`),
  );
  page.on("pageerror", (error) => note(String(error.stack ?? error)));
  return { page, problems };
}

/** Signs in by the form. */
export async function signIn(page, url, user, password) {
  await page.goto(`${url}/login`);
  await page.getByLabel("User").fill(user);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).first().waitFor({ state: "attached" });
}
