// Uploads, lists, previews, shares, deletes and restores objects of a running store, as a person does, and reads the effects
// back through S3.
//
//   PLANETSTORE_CONSOLE_URL, PLANETSTORE_USER, PLANETSTORE_PASSWORD   the store, and who signs in
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPage, signIn, withBrowser } from "./lib/browser.mjs";

const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const user = process.env.PLANETSTORE_USER ?? "root";
const password = process.env.PLANETSTORE_PASSWORD ?? "";

/** Larger than a part: it goes in parts. */
const LARGE_BYTES = (40 << 20) + 1;
/** What settings and objects that are absent or were just deleted answer is seen in the console of the browser, and no error of the page. */
const PROVOKED = [/status of 404/, /status of 405/, /status of 412/, /WebSocket/];

const bucket = `console-${randomUUID().slice(0, 8)}`;
const folder = mkdtempSync(join(tmpdir(), "planetstore-upload-"));
const large = randomBytes(LARGE_BYTES);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function files() {
  mkdirSync(join(folder, "trip", "day 1"), { recursive: true });
  writeFileSync(join(folder, "trip", "notes.md"), "# Trip\n<script>window.hacked = true</script>\n");
  writeFileSync(join(folder, "trip", "day 1", "list.csv"), 'name,count\n"a, b",1\n');
  writeFileSync(join(folder, "large.bin"), large);
  writeFileSync(join(folder, "again.txt"), "first");
}

/** Requests with a session of their own, beside the page. */
async function session() {
  const response = await fetch(`${url}/api/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-planetstore-request": "test" },
    body: JSON.stringify({ user, password }),
  });
  assert.equal(response.status, 200, "the test signs in");
  const { access_token } = await response.json();
  return async (method, path, headers = {}, body = undefined) =>
    fetch(`${url}/api/v1/s3/${path}`, {
      method,
      headers: { authorization: `Bearer ${access_token}`, "x-planetstore-request": "test", ...headers },
      body,
    });
}

async function step(name, work) {
  await work();
  console.log(`ok   ${name}`);
}

const goTo = (page, to) =>
  page.evaluate((path) => {
    history.pushState({}, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
  }, to);

/** Uploads by the field behind the button, and waits until the transfers say that all is done. */
async function upload(page, label, paths, count) {
  await page.getByLabel(label, { exact: true }).setInputFiles(paths);
  const bar = page.getByRole("region", { name: "Transfers" });
  await bar.getByText(new RegExp(`${count} of ${count} file`)).waitFor({ timeout: 60_000 });
  await bar.getByRole("button", { name: "Close the transfers" }).click();
  await bar.waitFor({ state: "detached" });
}

async function drive(context, s3) {
  const { page, problems } = await openPage(context, { width: 1_440, theme: "light" }, PROVOKED);
  await signIn(page, url, user, password);
  await goTo(page, `/buckets/${bucket}`);
  await page.getByText("This bucket is empty").waitFor();
  const row = (name) => page.getByRole("row").filter({ hasText: name });

  await step("keys of nothing but dots are shown and deleted", async () => {
    const named = (key) => `${bucket}?x-planetstore-key=${key}`;
    for (const key of [".", ".."]) {
      assert.equal((await s3("PUT", named(key), {}, `the key ${key}`)).status, 200);
      assert.equal(await (await s3("GET", named(key))).text(), `the key ${key}`);
      await goTo(page, `/buckets/${bucket}?key=${key}`);
      const drawer = page.getByRole("complementary", { name: `Object ${key}`, exact: true });
      await drawer
        .getByText(`${`the key ${key}`.length} B`)
        .first()
        .waitFor();
      await drawer.getByRole("button", { name: "More" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      const question = page.locator("[data-modal]");
      await question.getByRole("button", { name: "Delete", exact: true }).click();
      // The drawer has no role while the question lies over it: only the question says when the deletion is done.
      await question.waitFor({ state: "detached" });
      await drawer.waitFor({ state: "detached" });
      assert.equal((await s3("HEAD", named(key))).status, 404);
    }
    await goTo(page, `/buckets/${bucket}`);
    await page.getByText("This bucket is empty").waitFor();
  });

  await step("a folder is uploaded with its paths", async () => {
    await upload(page, "Folder to upload", join(folder, "trip"), 2);
    assert.equal(
      (await s3("HEAD", `${bucket}/trip/day%201/list.csv`)).headers.get("content-type"),
      "text/csv",
    );
    await row("trip/").waitFor();
  });

  await step("a large file goes in parts, stops and goes on, over a change of the page", async () => {
    await page.getByLabel("Files to upload", { exact: true }).setInputFiles(join(folder, "large.bin"));
    const bar = page.getByRole("region", { name: "Transfers" });
    await bar.getByRole("button", { name: "Pause large.bin" }).click();
    await bar.getByText("Paused").waitFor();
    await goTo(page, "/buckets");
    await page.getByRole("heading", { name: "Buckets" }).waitFor();
    await bar.getByRole("button", { name: "Go on with large.bin" }).click();
    await bar.getByText("1 of 1 file").waitFor({ timeout: 60_000 });
    const stored = await s3("GET", `${bucket}/large.bin`);
    assert.match(stored.headers.get("etag"), /-3"$/);
    assert.equal(sha256(Buffer.from(await stored.arrayBuffer())), sha256(large));
    await bar.getByRole("button", { name: "Close the transfers" }).click();
    await goTo(page, `/buckets/${bucket}`);
  });

  await step("what exists already is replaced only when the person says so", async () => {
    await s3("PUT", `${bucket}?versioning`, {}, versioning("Suspended"));
    await page.reload();
    await signedIn(page, `/buckets/${bucket}`);
    await upload(page, "Files to upload", join(folder, "again.txt"), 1);
    writeFileSync(join(folder, "again.txt"), "second");
    await page.getByLabel("Files to upload", { exact: true }).setInputFiles(join(folder, "again.txt"));
    const bar = page.getByRole("region", { name: "Transfers" });
    await bar.getByText("Exists. Replace it?").waitFor();
    assert.equal(await (await s3("GET", `${bucket}/again.txt`)).text(), "first");
    await bar.getByRole("button", { name: "Replace again.txt" }).click();
    await bar.getByText("1 of 1 file").waitFor();
    assert.equal(await (await s3("GET", `${bucket}/again.txt`)).text(), "second");
    await bar.getByRole("button", { name: "Close the transfers" }).click();
    await s3("PUT", `${bucket}?versioning`, {}, versioning("Enabled"));
    await page.reload();
    await signedIn(page, `/buckets/${bucket}`);
  });

  await step("folders open, and the path is typed into", async () => {
    await row("trip/").click();
    await row("notes.md").waitFor();
    const path = page.getByLabel("Path, or a prefix of a key in this folder");
    await path.fill("da");
    await row("day 1/").waitFor();
    await row("notes.md").waitFor({ state: "detached" });
    await path.pressSequentially("y 1/");
    await row("list.csv").waitFor();
    await path.press("Backspace");
    await row("day 1/").waitFor();
    await path.press("Escape");
    await row("notes.md").waitFor();
  });

  await step("a preview is text, and runs nothing", async () => {
    await row("notes.md").click();
    const drawer = page.getByRole("complementary", { name: "Object trip/notes.md" });
    await drawer.getByText("<script>window.hacked = true</script>").waitFor();
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  });

  await step("tags are changed", async () => {
    const tags = page.getByRole("region", { name: "Tags" });
    await tags.getByRole("button", { name: "Edit" }).click();
    await tags.getByRole("button", { name: "Add tag" }).click();
    await tags.getByLabel("Name of tag 1").fill("album");
    await tags.getByLabel("Value of tag 1").fill("été + more");
    await tags.getByRole("button", { name: "Save tags" }).click();
    await tags.getByText("été + more").waitFor();
    const text = await (await s3("GET", `${bucket}/trip/notes.md?tagging`)).text();
    assert.match(text, /<Key>album<\/Key><Value>été \+ more<\/Value>/);
  });

  await step("a shared link works without a session, and says its end", async () => {
    await page.getByRole("button", { name: "Share a link" }).click();
    const dialog = page.getByRole("dialog", { name: "Share a link" });
    await dialog.getByText("Whoever has the link").waitFor();
    await dialog.getByRole("button", { name: "15 min" }).click();
    await dialog.getByRole("button", { name: "Create link" }).click();
    const link = await dialog.getByLabel("The link", { exact: true }).inputValue();
    await dialog.getByText(/It expires at/).waitFor();
    const shared = await fetch(link);
    assert.match(await shared.text(), /# Trip/);
    await dialog.getByRole("button", { name: "Close" }).last().click();
    // While it closes, keys are still the dialog's.
    await dialog.waitFor({ state: "detached" });
  });

  await step("an object is deleted by keyboard, and its event is shown", async () => {
    await page.keyboard.press("Escape");
    await page.getByRole("complementary", { name: "Object trip/notes.md" }).waitFor({ state: "detached" });
    await row("notes.md").focus();
    await page.keyboard.press("Space");
    await page.getByText("1 selected").waitFor();
    await page.keyboard.press("Delete");
    await page
      .getByRole("dialog", { name: "Delete this?" })
      .getByRole("button", { name: "Delete", exact: true })
      .click();
    await page.getByText(/Deleted 1 object from/).waitFor();
    await page
      .getByRole("link", { name: /object\.deleted|object\.delete_marker/ })
      .first()
      .waitFor();
    await row("notes.md").waitFor({ state: "detached" });
    assert.equal((await s3("HEAD", `${bucket}/trip/notes.md`)).status, 404);
  });

  await step("what was deleted is shown and restored", async () => {
    await page.getByRole("switch", { name: "Deleted too" }).click();
    await row("notes.md").getByText("deleted").waitFor();
    await row("notes.md").getByRole("checkbox").click();
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByText("Restored 1 object.").waitFor();
    assert.equal((await s3("HEAD", `${bucket}/trip/notes.md`)).status, 200);
  });

  await step("a folder is deleted after its bucket's name was typed", async () => {
    await goTo(page, `/buckets/${bucket}`);
    await row("trip/").getByRole("checkbox").click();
    await page.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this?" });
    await dialog.getByText("2 objects").waitFor();
    const really = dialog.getByRole("button", { name: "Delete", exact: true });
    assert.equal(await really.isDisabled(), true);
    await dialog.getByLabel(/to confirm/).fill(bucket);
    await really.click();
    await page.getByText("Deleted 2 objects from").waitFor();
    await row("trip/").waitFor({ state: "detached" });
    assert.equal((await s3("HEAD", `${bucket}/trip/day%201/list.csv`)).status, 404);
  });

  assert.deepEqual(problems, [], "nothing went wrong in the page");
  await page.close();
}

function versioning(status) {
  return `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
}

/** After a reload: a store without the session's cookie asks for the password again. */
async function signedIn(page, to) {
  const table = page.getByRole("table", { name: "Objects" });
  const form = page.getByLabel("User", { exact: true });
  await table.or(form).first().waitFor();
  if (await form.isVisible()) {
    await signIn(page, url, user, password);
    await goTo(page, to);
  }
  await table.waitFor();
}

async function clean(s3) {
  const text = await (await s3("GET", `${bucket}?versions`)).text();
  for (const [, key, version] of text.matchAll(/<Key>([^<]+)<\/Key><VersionId>([^<]+)<\/VersionId>/g)) {
    const named = encodeURIComponent(key.replaceAll("&amp;", "&"));
    await s3("DELETE", `${bucket}?x-planetstore-key=${named}&versionId=${version}`);
  }
  await s3("DELETE", bucket);
}

const s3 = await session();
files();
try {
  assert.equal((await s3("PUT", bucket)).status, 200, "a bucket is made");
  await s3("PUT", `${bucket}?versioning`, {}, versioning("Enabled"));
  await withBrowser((context) => drive(context, s3));
} finally {
  await clean(s3);
  rmSync(folder, { recursive: true, force: true });
}
