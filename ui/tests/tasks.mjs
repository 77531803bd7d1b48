// The core tasks of an operator, by keyboard alone: sign in; make a bucket; upload a folder; find, preview, share, delete and
// restore an object; set a quota; make a user with a key and a policy; replay an hour; drain a node; read who deleted a
// key; sign out. The effect of each is read back from the API. Takes what browser.mjs takes.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPage, withBrowser } from "./lib/browser.mjs";
import { Keyboard } from "./lib/keys.mjs";

const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const user = process.env.PLANETSTORE_USER ?? "root";
const password = process.env.PLANETSTORE_PASSWORD ?? "";
const mark = Date.now().toString(36);
const bucket = `by-keyboard-${mark}`;
const person = `ada-${mark}`;
/** The folder that is uploaded. */
const place = mkdtempSync(join(tmpdir(), "planetstore-tasks-"));
mkdirSync(join(place, "trip"));
writeFileSync(join(place, "trip", "notes.md"), "# Notes of the trip\n");
writeFileSync(join(place, "trip", "list.csv"), "name,count\n");

async function token() {
  const headers = { "content-type": "application/json", "x-planetstore-request": "test" };
  const answer = await fetch(`${url}/api/v1/login`, {
    method: "POST",
    headers,
    body: JSON.stringify({ user, password }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

const bearer = { authorization: `Bearer ${await token()}` };
const ask = async (path) => fetch(`${url}/api/v1${path}`, { headers: bearer });

async function task(name, work) {
  const begun = Date.now();
  await work();
  console.log(`ok   ${name} (${Date.now() - begun} ms)`);
}

await withBrowser(async (context) => {
  const { page, problems } = await openPage(context, { width: 1440, theme: "light" }, [/status of 404/]);
  const keys = new Keyboard(page);
  const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
  const row = (name) => page.getByRole("row").filter({ hasText: name });

  await task("sign in, and come to where one wanted to go", async () => {
    await page.goto(`${url}/nodes`);
    await page.getByLabel("User").waitFor();
    await keys.tabTo(/^User/);
    await keys.type(user);
    await keys.press("Tab");
    await keys.type(password);
    await keys.press("Enter");
    await heading("Nodes & work");
  });

  await task("make a bucket", async () => {
    await keys.press("g", "b");
    await heading("Buckets");
    await keys.search("create a bu", "Create a bucket");
    await page.getByRole("dialog", { name: "Create a bucket" }).waitFor();
    await keys.tabTo(/^Name/);
    await keys.type(bucket);
    await keys.tabTo(/^Keep versions/);
    await keys.press("Space");
    await keys.tabTo(/^Create bucket/);
    await keys.press("Enter");
    await page.getByText(`Created the bucket ${bucket}.`).waitFor();
    assert.equal((await ask(`/buckets/${bucket}`)).status, 200);
  });

  await task("upload a folder", async () => {
    await keys.search(bucket, bucket);
    await heading(bucket);
    await page.getByText("This bucket is empty").waitFor();
    await keys.tabTo(/^Upload$/);
    await keys.press("Enter");
    await page.getByRole("menuitem", { name: "Folder" }).waitFor();
    await keys.tabTo(/^Folder/, "[role=menu]", "ArrowDown");
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), keys.press("Enter")]);
    await chooser.setFiles(join(place, "trip"));
    await page.getByRole("region", { name: "Transfers" }).getByText("2 of 2 files").waitFor();
    await row("trip/").waitFor();
  });

  await task("find an object, and look at it", async () => {
    await keys.press("/");
    await keys.type("trip/no");
    await row("notes.md").waitFor();
    await keys.tabTo(/notes\.md/, "[role=row]");
    await keys.press("Enter");
    const drawer = page.getByRole("complementary", { name: "Object trip/notes.md" });
    await drawer.getByText("# Notes of the trip").waitFor();
  });

  await task("share it", async () => {
    await keys.tabTo(/^Share a link/, "aside");
    await keys.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Share a link" });
    await dialog.waitFor();
    await keys.tabTo(/^Create link/);
    await keys.press("Enter");
    const link = await dialog.getByLabel("The link", { exact: true }).inputValue();
    assert.match(await (await fetch(link)).text(), /Notes of the trip/);
    await keys.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await keys.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
  });

  await task("delete it", async () => {
    await keys.tabTo(/notes\.md/, "[role=row]");
    await keys.press("Space");
    await page.getByText("1 selected").waitFor();
    await keys.press("Delete");
    await page.getByRole("dialog", { name: "Delete this?" }).waitFor();
    await keys.tabTo(/^Delete$/, "[data-modal]");
    await keys.press("Enter");
    await page.getByText(/Deleted 1 object from/).waitFor();
    await row("notes.md").waitFor({ state: "detached" });
    assert.equal((await ask(`/s3/${bucket}/trip/notes.md`)).status, 404);
  });

  await task("restore it", async () => {
    await keys.tabTo(/^Deleted too/);
    await keys.press("Space");
    await row("notes.md").getByText("deleted").waitFor();
    await keys.tabTo(/notes\.md/, "[role=row]");
    await keys.press("Space");
    await keys.tabTo(/^Restore/);
    await keys.press("Enter");
    await page.getByText("Restored 1 object.").waitFor();
    assert.equal((await ask(`/s3/${bucket}/trip/notes.md`)).status, 200);
  });

  await task("set a quota", async () => {
    await keys.tabTo(/^Settings/, "main");
    await keys.press("Enter");
    await page.getByRole("button", { name: "Set quota" }).waitFor();
    await keys.tabTo(/^Bytes/, "main");
    await keys.type("1 GiB");
    await keys.press("Enter");
    await page
      .getByText(/of 1 GiB/)
      .first()
      .waitFor();
    assert.equal((await (await ask(`/buckets/${bucket}`)).json()).quota.bytes, 1 << 30);
  });

  await task("make a user with a key and a policy", async () => {
    await keys.press("g", "u");
    await heading("Users");
    await keys.search("create a us", "Create a user");
    const dialog = page.locator("[data-modal]");
    await dialog.getByLabel("Name", { exact: true }).waitFor();
    await keys.tabTo(/^Name/, "[data-modal]");
    await keys.type(person);
    await keys.press("Enter");
    const drawer = page.getByRole("complementary", { name: `User ${person}` });
    await drawer.getByRole("button", { name: "Create key" }).waitFor();
    await keys.tabTo(/^Attach policy/, "aside");
    await keys.type("readonly");
    await keys.press("Enter");
    await drawer.getByRole("link", { name: "readonly" }).waitFor();
    await keys.tabTo(/^Create key/, "aside");
    await keys.press("Enter");
    await dialog.waitFor();
    await keys.tabTo(/^Create key/, "[data-modal]");
    await keys.press("Enter");
    await dialog.getByText("Secret key").waitFor();
    await keys.tabTo(/^I have copied it/, "[data-modal]");
    await keys.press("Enter");
    await dialog.waitFor({ state: "detached" });
    const { policies } = await (await ask(`/users/${person}`)).json();
    assert.deepEqual(policies, ["readonly"]);
    assert.equal((await (await ask(`/users/${person}/keys`)).json()).keys.length, 1);
    await keys.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
  });

  await task("read who deleted a key", async () => {
    await keys.press("g", "a");
    await heading("Audit");
    await keys.tabTo(/^Object: a bucket/);
    await keys.type(`${bucket}/trip/notes.md`);
    await keys.press("Enter");
    const entry = row("notes.md").filter({ hasText: /object\.delete/ });
    await entry.first().waitFor();
    assert.match(await entry.first().textContent(), new RegExp(user));
    // Out of the field: letters are keys again.
    await keys.press("Escape");
  });

  await task("replay the last hour", async () => {
    await keys.press("g", "e");
    await heading("Live");
    await keys.press("p");
    await keys.type("1h");
    await keys.press("Enter");
    await page.waitForURL(/since=/);
    await page.locator("[data-event]").first().waitFor();
  });

  await task("drain a node, and have it take shards again", async () => {
    await keys.press("g", "n");
    await heading("Nodes & work");
    await page.locator("[data-row]").first().waitFor();
    await keys.tabTo(/^node-1/);
    await keys.press("Enter");
    await page.getByRole("complementary", { name: "Node node-1" }).waitFor();
    await keys.tabTo(/^Actions on node-1/);
    await keys.press("Enter");
    await page.getByRole("menuitem", { name: "Drain…" }).waitFor();
    await keys.press("Enter");
    await page.getByRole("dialog", { name: "Drain node-1" }).waitFor();
    await keys.tabTo(/^Even if/);
    await keys.press("Space");
    await keys.tabTo(/Drain node$/);
    await keys.press("Enter");
    await page.getByText("node-1 is being drained.").waitFor();
    const { duty } = await (await ask("/nodes/node-1")).json();
    assert.equal(duty.state, "draining");
    await keys.tabTo(/^Actions on node-1/);
    await keys.press("Enter");
    await page.getByRole("menuitem", { name: "Resume" }).waitFor();
    await keys.press("Enter");
    await page.getByText("node-1 takes shards again.").waitFor();
  });

  await task("sign out", async () => {
    await keys.search("sign o", "Sign out");
    await page.getByLabel("User").waitFor();
  });

  assert.deepEqual(problems, []);
});
rmSync(place, { recursive: true, force: true });
