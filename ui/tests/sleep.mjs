// A laptop that sleeps for an hour while others write: its clock stands still, its connection goes silent, and the store ends
// its side of it. After it wakes, the page has the log to its end without a reload, and accounts for every event.
//
//   PLANETSTORE_EVENTS   how many events happen meanwhile; one a second of that hour at hand
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { openPage, signIn, withBrowser } from "./lib/browser.mjs";
import { goTo, isFollowing, PATIENCE, password, Session, setting, step, url, user } from "./lib/store.mjs";

const EVENTS = setting("PLANETSTORE_EVENTS", 3_600);
const SLEEP_MS = 3_600_000;
/** How soon the newest event is there after the page is awake, in milliseconds, on a machine that does other things. */
const AWAKE_MAX_MS = 20_000;
const LOOK_EVERY_MS = 50;
const WRITERS = 16;
/** Events at the end that are looked at one by one. */
const LAST = 20;
const bucket = `sleep-${Date.now().toString(36)}`;

/** What a browser reports of connections that broke. */
const GONE = [
  /WebSocket/,
  /ERR_CONNECTION/,
  /ERR_EMPTY_RESPONSE/,
  /the live stream broke off/,
  /Failed to fetch/,
];

/** The network between the browser and the store. */
class Network {
  constructor(target) {
    this.target = target;
    this.isUp = true;
    this.pairs = new Set();
    this.server = createServer((near) => this.join(near));
  }

  async open() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this.server.address().port;
  }

  join(near) {
    near.on("error", () => near.destroy());
    // Whoever connects while it is down hears nothing.
    if (!this.isUp) return;
    const far = connect(Number(this.target.port), this.target.hostname);
    const pair = { near, far };
    this.pairs.add(pair);
    far.on("error", () => near.destroy());
    near.on("close", () => far.destroy());
    far.on("close", () => this.pairs.delete(pair) && near.destroy());
    near.pipe(far);
    far.pipe(near);
  }

  /** Connections go silent: the browser is not told that the store has closed them. */
  goDown() {
    this.isUp = false;
    for (const { near, far } of this.pairs) {
      near.unpipe(far);
      far.unpipe(near);
      far.removeAllListeners("close");
      far.destroy();
    }
    this.pairs.clear();
  }

  goUp() {
    this.isUp = true;
  }
}

async function write(session, from, to) {
  let next = from;
  const writer = async () => {
    while (next < to) {
      const at = next++;
      await session.must("PUT", `/s3/${bucket}/${String(at).padStart(6, "0")}`, "x");
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

const key = (at) => `${bucket}/${String(at).padStart(6, "0")}`;

async function accounted(page) {
  const number = (text, pattern) => Number(pattern.exec(text)[1].replaceAll(",", ""));
  const list = page.getByLabel(/^[\d,]+ events?, the newest first$/);
  const rows = number(await list.getAttribute("aria-label"), /([\d,]+) event/);
  const text = await page.getByText(/left out, too fast to read/).allTextContents();
  const leftOut = text.length === 0 ? 0 : number(text[0], /([\d,]+) event/);
  return { rows, leftOut };
}

const session = await Session.open();
await session.must("PUT", `/s3/${bucket}`);
const network = new Network(new URL(url));
const port = await network.open();
await withBrowser(async (context) => {
  const { page, problems } = await openPage(context, { width: 1_440, theme: "light" }, GONE);
  await page.clock.install();
  await signIn(page, `http://127.0.0.1:${port}`, user, password);
  await goTo(page, `/events?bucket=${bucket}&type=object`);
  await isFollowing(page);
  await page.evaluate(() => {
    window.isSamePage = true;
  });
  await write(session, 0, 5);
  await page.getByText(key(4), { exact: true }).waitFor(PATIENCE);

  await step(`${EVENTS} events happen while the laptop sleeps`, async () => {
    await page.clock.pauseAt(new Date(Date.now() + 1_000));
    network.goDown();
    await write(session, 5, 5 + EVENTS);
    assert.equal(
      await page.getByText(key(4 + EVENTS), { exact: true }).count(),
      0,
      "it sees nothing of them",
    );
  });

  await step("it catches up after it wakes", async () => {
    network.goUp();
    const begun = performance.now();
    await page.clock.fastForward(SLEEP_MS);
    await page.clock.resume();
    // More than can be read in a second are counted in place of shown.
    let at = await accounted(page);
    while (at.rows + at.leftOut < 5 + EVENTS && performance.now() - begun < PATIENCE.timeout) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      at = await accounted(page);
    }
    const took = performance.now() - begun;
    assert.equal(at.rows + at.leftOut, 5 + EVENTS, "it has heard of all of them");
    // In another second than those.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await write(session, 5 + EVENTS, 6 + EVENTS);
    await page.getByText(key(5 + EVENTS), { exact: true }).waitFor(PATIENCE);
    assert.ok(took <= AWAKE_MAX_MS, `it took ${Math.round(took)} ms`);
    return `${Math.round(took)} ms`;
  });

  await step("every event is shown once or counted as left out", async () => {
    for (let at = 6 + EVENTS - LAST; at < 6 + EVENTS; at += 1) {
      const times = await page.getByText(key(at), { exact: true }).count();
      assert.ok(times <= 1, `${key(at)} is there ${times} times`);
    }
    const { rows, leftOut } = await accounted(page);
    assert.equal(rows + leftOut, 6 + EVENTS, `${rows} shown and ${leftOut} left out`);
    assert.equal(await page.evaluate(() => window.isSamePage), true, "the page was not loaded anew");
    return `${rows} shown, ${leftOut} left out`;
  });
  assert.deepEqual(problems, []);
});
process.exit();
