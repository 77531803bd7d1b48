// Uploads very many files and a large one, over a change of the page and a restart of the store, and counts them in the
// store afterwards. The page stays usable: no task of its main thread is long.
//
//   PLANETSTORE_FILES   how many small files; 2,000 at hand
//   PLANETSTORE_MIB     how large the large one is; 5,120 at hand
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPage, signIn, withBrowser } from "./lib/browser.mjs";
import { goTo, PATIENCE, password, restartStore, Session, setting, step, url, user } from "./lib/store.mjs";
import { watchTasks } from "./lib/work.mjs";

const FILES = setting("PLANETSTORE_FILES", 2_000);
const MIB = setting("PLANETSTORE_MIB", 5 * 1_024);
/** The longest task of the main thread, in milliseconds. */
const TASK_MAX_MS = 100;
/** How long everything may take. */
const UPLOAD = { timeout: setting("PLANETSTORE_UPLOAD_SECONDS", 1_800) * 1_000 };
/** A store that is not there, and what asks for it meanwhile; and the question whether there is an object of a name. */
const PROVOKED = [
  /WebSocket/,
  /ERR_CONNECTION/,
  /ERR_EMPTY_RESPONSE/,
  /Failed to fetch/,
  /status of 50\d/,
  /status of 426/,
  /status of 404/,
];

const bucket = `uploads-${Date.now().toString(36)}`;
const folder = mkdtempSync(join(tmpdir(), "planetstore-uploads-"));

/** Small files in a few folders, and a large one of which no two stripes are alike. */
async function makeFiles() {
  for (let at = 0; at < FILES; at += 1) {
    const beside = join(folder, "small", String(at % 10));
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, `${at}.txt`), `the file ${at}\n`.repeat(20));
  }
  const file = await open(join(folder, "large.bin"), "w");
  const block = Buffer.alloc(1 << 20);
  for (let at = 0; at < MIB; at += 1) {
    for (let word = 0; word < block.length; word += 4_096) block.writeUInt32LE(at * 4_096 + word, word);
    await file.write(block);
  }
  await file.close();
}

async function digest(stream) {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

async function drive(context, session) {
  const { page, problems } = await openPage(context, { width: 1_440, theme: "light" }, PROVOKED);
  await signIn(page, url, user, password);
  await goTo(page, `/buckets/${bucket}`);
  await page.getByText("This bucket is empty").waitFor(PATIENCE);
  const bar = page.getByRole("region", { name: "Transfers" });
  const longest = await watchTasks(page, { choosesFiles: true });

  await step(`${FILES} small files go up while the person looks elsewhere`, async () => {
    await page.getByLabel("Folder to upload", { exact: true }).setInputFiles(join(folder, "small"), UPLOAD);
    await bar.waitFor(PATIENCE);
    await goTo(page, "/nodes");
    await page.getByRole("heading", { name: "Nodes & work" }).waitFor(PATIENCE);
    const word = FILES.toLocaleString("en-US");
    await bar.getByText(`${word} of ${word} files`).waitFor(UPLOAD);
    const { usage } = await session.read(`/buckets/${bucket}`);
    assert.equal(usage.objects, FILES);
    await bar.getByRole("button", { name: "Close the transfers" }).click();
  });

  await step(`${MIB} MiB go up, over a restart of the store`, async () => {
    await goTo(page, `/buckets/${bucket}`);
    await page.getByLabel("Files to upload", { exact: true }).setInputFiles(join(folder, "large.bin"));
    // Some parts are in the store before it goes, and some are not.
    await page.waitForFunction(
      () => Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow")) > 10,
      null,
      UPLOAD,
    );
    await restartStore();
    await bar.getByText("1 of 1 file").waitFor(UPLOAD);
    assert.match((await session.s3("HEAD", `${bucket}/large.bin`)).headers.get("etag"), /-\d+"$/);
  });

  await step(`no task of the page took more than ${TASK_MAX_MS} ms`, async () => {
    const ms = await longest();
    assert.ok(ms <= TASK_MAX_MS, `one took ${ms.toFixed(1)} ms`);
    return `the longest took ${ms.toFixed(1)} ms`;
  });

  await step("the large object is what was chosen", async () => {
    const stored = await session.s3("GET", `${bucket}/large.bin`);
    assert.equal(await digest(stored.body), await digest(createReadStream(join(folder, "large.bin"))));
  });
  assert.deepEqual(problems, []);
}

const session = await Session.open();
try {
  await makeFiles();
  await session.must("PUT", `/s3/${bucket}`);
  await withBrowser((context) => drive(context, session));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
