// The live stream and the figures: nothing is missing after a restart of the store, without a reload; every number is what
// the API says and what a recount of the log gives, while writes go on; the overview can be read soon after the sign-in on
// a slow connection.
//
//   PLANETSTORE_READABLE_MS   how soon the overview has to be there by the clock on the wall, in a browser that is slowed
//                             down: for machines that do nothing else
import assert from "node:assert/strict";
import { forget, openPage, signIn, withBrowser } from "./lib/browser.mjs";
import {
  goTo,
  isFollowing,
  PATIENCE,
  password,
  restartStore,
  Session,
  setting,
  step,
  url,
  user,
} from "./lib/store.mjs";

const WALL_MAX_MS = setting("PLANETSTORE_READABLE_MS");
const READABLE_MAX_MS = 1_000;
const ATTEMPTS = 3;
const BANDWIDTH_BYTES = 10_000_000 / 8;
const LATENCY_MS = 20;
/** The sign-in, and the questions that it allows. */
const ROUND_TRIPS = 2;
const CPU_SLOWDOWN = 4;
const WRITES = 60;
/** Longer than the page takes to know who it is for. */
const SLOW_ANSWER_MS = 2_000;
const bucket = `figures-${Date.now().toString(36)}`;

/** A store that is not there, and what asks for it meanwhile. */
const GONE = [
  /WebSocket/,
  /ERR_CONNECTION/,
  /ERR_EMPTY_RESPONSE/,
  /status of 50\d/,
  /status of 426/,
  /the live stream was interrupted/,
];

/** The connection of the page goes on while other pages subscribe to other things. */
async function stays(page) {
  const opened = [];
  const note = (socket) => opened.push(socket.url());
  await goTo(page, "/");
  await page.getByRole("heading", { name: "Overview" }).waitFor(PATIENCE);
  await page.getByText("Live", { exact: true }).first().waitFor(PATIENCE);
  page.on("websocket", note);
  for (const path of ["/events", "/nodes", "/events?type=object", "/logs", "/", "/buckets"]) {
    await goTo(page, path);
    await page.locator("h1").first().waitFor(PATIENCE);
    await page.waitForFunction(() => !document.querySelector('[aria-busy="true"],.skeleton'), null, PATIENCE);
    // A question that is answered after what the page has told the store.
    await page.evaluate(() => fetch("/healthz"));
  }
  page.off("websocket", note);
  assert.deepEqual(opened, [], "the page has connected again");
}

async function afterRestart(page, session) {
  await goTo(page, `/events?bucket=${bucket}`);
  await isFollowing(page);
  await page.evaluate(() => {
    window.isSamePage = true;
  });
  const write = (from, to) =>
    Array.from({ length: to - from }, (_, at) => from + at).reduce(
      (before, at) => before.then(() => session.must("PUT", `/s3/${bucket}/live-${at}`, "x")),
      Promise.resolve(),
    );
  await write(0, 5);
  await page.getByText(`${bucket}/live-4`).waitFor(PATIENCE);
  await restartStore();
  // Before the page is back, as far as it can be hurried.
  await write(5, 15);
  await page.getByText(`${bucket}/live-14`).waitFor(PATIENCE);
  await write(15, 18);
  await page.getByText(`${bucket}/live-17`).waitFor(PATIENCE);
  for (let at = 0; at < 18; at += 1) {
    assert.equal(
      await page.getByText(`${bucket}/live-${at}`, { exact: true }).count(),
      1,
      `live-${at} is there once`,
    );
  }
  assert.equal(await page.evaluate(() => window.isSamePage), true, "the page was not loaded anew");
}

/** What happens between the question for the newest events and the moment in which the store hears who follows is shown too. */
async function beforeItFollows(context, session) {
  const quiet = `${bucket}-quiet`;
  await session.must("PUT", `/s3/${quiet}`);
  const { page, problems } = await openPage(context, { width: 1_440, theme: "light" }, GONE);
  let letGo;
  const isLetGo = new Promise((resolve) => {
    letGo = resolve;
  });
  await page.routeWebSocket(/\/api\/v1\/ws$/, (near) => {
    const far = near.connectToServer();
    near.onMessage(async (message) => {
      if (String(message).includes(quiet)) await isLetGo;
      far.send(message);
    });
  });
  await page.goto(`${url}/events?bucket=${quiet}&type=object`);
  await isFollowing(page);
  await session.must("PUT", `/s3/${quiet}/unheard`, "x");
  letGo();
  await page.getByText(`${quiet}/unheard`, { exact: true }).waitFor(PATIENCE);
  assert.deepEqual(problems, []);
  await page.close();
}

/** The charts have their figures for every span. */
async function spans(page) {
  await goTo(page, "/");
  const traffic = page.getByRole("region", { name: "Traffic" });
  for (const title of ["1 h", "24 h"]) {
    const answered = page.waitForResponse(
      (response) => response.url().includes("/api/v1/telemetry?"),
      PATIENCE,
    );
    await traffic.getByText(title, { exact: true }).click();
    assert.equal((await answered).status(), 200, title);
  }
}

/** A page whose answers take a while after it was loaded anew shows them all the same. */
async function slowReload(page) {
  await page.route("**/api/v1/buckets?*", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW_ANSWER_MS));
    await route.continue();
  });
  await page.goto(`${url}/buckets`);
  await page
    .getByRole("row")
    .filter({ hasText: bucket })
    .waitFor({ timeout: SLOW_ANSWER_MS + 15_000 });
  await page.unroute("**/api/v1/buckets?*");
}

/** What the log adds up to: versions and bytes of a bucket. */
async function recount(session) {
  const sum = { objects: 0, bytes: 0 };
  for (const { data } of await session.events(0, `&bucket=${bucket}`)) {
    sum.objects += data.delta?.objects ?? 0;
    sum.bytes += data.delta?.bytes ?? 0;
  }
  return sum;
}

/** The number before a word, as the page shows it. */
async function shown(place, pattern) {
  const text = await place.first().textContent();
  const found = text.match(pattern);
  assert.ok(found, `${pattern} in ${text}`);
  return Number(found[1].replaceAll(",", ""));
}

async function figures(page, session) {
  await goTo(page, `/buckets/${bucket}`);
  const about = page.getByText(/^[\d,]+ versions?, /);
  await about.waitFor(PATIENCE);
  let isWriting = true;
  const writing = (async () => {
    for (let at = 0; at < WRITES; at += 1) {
      await session.must("PUT", `/s3/${bucket}/figure-${at}`, "y".repeat(100 + at));
      if (at % 7 === 6) await session.must("DELETE", `/s3/${bucket}/figure-${at - 3}`);
    }
    isWriting = false;
  })();
  let [looks, known] = [0, []];
  while (isWriting) {
    known.push((await session.read(`/buckets/${bucket}`)).usage.objects);
    const seen = await shown(about, /^([\d,]+) version/);
    known.push((await session.read(`/buckets/${bucket}`)).usage.objects);
    // Never more than there is, and never what there was never.
    assert.ok(seen <= Math.max(...known), `${seen} of ${known}`);
    looks += 1;
  }
  await writing;
  const counted = await recount(session);
  const { usage } = await session.read(`/buckets/${bucket}`);
  assert.deepEqual(
    { objects: usage.objects, bytes: usage.bytes },
    counted,
    "the API says what the log adds up to",
  );
  const versions = `${counted.objects.toLocaleString("en-US")} versions`;
  await page.getByText(new RegExp(`^${versions}, `)).waitFor(PATIENCE);
  const exact = `${counted.bytes.toLocaleString("en-US")} bytes`;
  await page.getByTitle(exact).first().waitFor(PATIENCE);

  await goTo(page, "/");
  const stored = page
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: "What is stored" }) });
  await stored.waitFor(PATIENCE);
  const { stored: totals, redundancy } = await session.read("/status");
  await stored.getByText(`in ${totals.objects.toLocaleString("en-US")} versions`).waitFor(PATIENCE);
  await stored.getByText(`${totals.contents.toLocaleString("en-US")} distinct`).waitFor(PATIENCE);
  await stored
    .getByTitle(`${totals.logical_bytes.toLocaleString("en-US")} bytes`)
    .first()
    .waitFor(PATIENCE);
  await page.getByText(redundancy.sentence).first().waitFor(PATIENCE);

  await goTo(page, "/buckets");
  const row = page.getByRole("row").filter({ hasText: bucket });
  await row.getByText(counted.objects.toLocaleString("en-US"), { exact: true }).waitFor(PATIENCE);
  return `${looks} looks while ${WRITES} objects were written`;
}

/**
 * How long it takes from the sign-in until the sentence about the store is there, on a machine a fourth as fast and with
 * 10 Mbit/s: added up from the work of the page by the clock of its thread, and the bytes that came. A clock on the wall
 * would measure what else this machine does; with PLANETSTORE_READABLE_MS, it is looked at too.
 */
async function readable(page) {
  const cdp = await page.context().newCDPSession(page);
  let received = 0;
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => {
    received += encodedDataLength;
  });
  await cdp.send("Network.enable");
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const work = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
  };
  const attempts = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    await forget(page, url);
    await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.goto(`${url}/login`);
    await page.getByLabel("User").fill(user);
    await page.getByLabel(/^Password/).fill(password);
    if (WALL_MAX_MS !== undefined) await slow(cdp);
    const [worked, came] = [await work(), received];
    const wall = await page.evaluate(async () => {
      const begun = performance.now();
      document.querySelector("form button[type=submit]").click();
      while (!document.querySelector('[aria-label="State of the store"] p')) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      return performance.now() - begun;
    });
    const [workMs, bytes] = [(await work()) - worked, received - came];
    if (WALL_MAX_MS !== undefined) await quick(cdp);
    // A browser that is slowed down has worked as long as that.
    const slowdown = WALL_MAX_MS === undefined ? CPU_SLOWDOWN : 1;
    const sum = workMs * slowdown + (bytes / BANDWIDTH_BYTES) * 1_000 + ROUND_TRIPS * LATENCY_MS;
    attempts.push({ sum, workMs, bytes, wall });
  }
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: false });
  const best = attempts.reduce((one, other) => (other.sum < one.sum ? other : one));
  const says = `${Math.round(best.sum)} ms, of ${Math.round(best.workMs)} ms work and ${Math.round(best.bytes / 1_024)} KiB; ${attempts.map(({ wall }) => Math.round(wall)).join(", ")} ms here`;
  assert.ok(best.sum <= READABLE_MAX_MS, says);
  if (WALL_MAX_MS !== undefined)
    assert.ok(Math.min(...attempts.map(({ wall }) => wall)) <= WALL_MAX_MS, says);
  return says;
}

async function slow(cdp) {
  const throughput = { downloadThroughput: BANDWIDTH_BYTES, uploadThroughput: BANDWIDTH_BYTES };
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: LATENCY_MS, ...throughput });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWDOWN });
}

async function quick(cdp) {
  const throughput = { downloadThroughput: -1, uploadThroughput: -1 };
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 0, ...throughput });
}

const session = await Session.open();
await session.must("PUT", `/s3/${bucket}`);
await withBrowser(async (context) => {
  const { page, problems } = await openPage(context, { width: 1_440, theme: "light" }, GONE);
  await step("the overview can be read soon after the sign-in, on a slow connection", () => readable(page));
  await signIn(page, url, user, password);
  await step("a page that is loaded anew waits for slow answers", () => slowReload(page));
  await step("every number is what the API and the log say, while writes go on", () =>
    figures(page, session),
  );
  await step("charts have their figures for every span", () => spans(page));
  await step("other pages leave the connection as it is", () => stays(page));
  await step("nothing is missing from before the store hears who follows", () =>
    beforeItFollows(context, session),
  );
  await step("nothing is missing after a restart of the store", () => afterRestart(page, session));
  assert.deepEqual(problems, []);
});
process.exit();
