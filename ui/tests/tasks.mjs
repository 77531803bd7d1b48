// Core tasks of an operator, by keyboard alone: sign in, make a bucket, see its event, replay, drain a node, sign out.
// The effect of each is read back from the API. Takes what browser.mjs takes.
import { strict as assert } from "node:assert";
import { openPage, withBrowser } from "./lib/browser.mjs";
import { Keyboard } from "./lib/keys.mjs";

const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const user = process.env.PLANETSTORE_USER ?? "root";
const password = process.env.PLANETSTORE_PASSWORD ?? "";
const bucket = `by-keyboard-${Date.now().toString(36)}`;

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
  const { page, problems } = await openPage(context, { width: 1440, theme: "light" });
  const keys = new Keyboard(page);
  const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();

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
    await keys.press("Enter");
    await page.getByText(`Created the bucket ${bucket}.`).waitFor();
    assert.equal((await ask(`/buckets/${bucket}`)).status, 200);
  });

  await task("open the event that it became", async () => {
    const link = page.getByRole("link", { name: /bucket\.created/ }).first();
    await link.waitFor();
    await keys.tabTo(/^bucket\.created/);
    await keys.press("Enter");
    await page.getByRole("complementary").getByText("A bucket was created.").waitFor();
    // The first closes the toast, which has the focus.
    await keys.press("Escape", "Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
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
    await page.getByText("node-1 is being emptied.").waitFor();
    const { duty } = await (await ask("/nodes/node-1")).json();
    assert.equal(duty.state, "draining");
    await keys.tabTo(/^Actions on node-1/);
    await keys.press("Enter");
    await page.getByRole("menuitem", { name: "Resume" }).waitFor();
    await keys.press("Enter");
    await page.getByText("node-1 takes shards again.").waitFor();
  });

  await task("delete the bucket", async () => {
    await keys.press("g", "b");
    await heading("Buckets");
    await keys.press("/");
    await keys.type(bucket);
    await page.getByRole("row").nth(1).getByText(bucket).waitFor();
    await keys.tabTo(new RegExp(`^Delete ${bucket}`));
    await keys.press("Enter");
    await page.getByRole("dialog", { name: "Delete a bucket" }).waitFor();
    await keys.tabTo(/^Type/);
    await keys.type(bucket);
    await keys.press("Enter");
    await page.getByText(`Deleted the bucket ${bucket}.`).waitFor();
    assert.equal((await ask(`/buckets/${bucket}`)).status, 404);
  });

  await task("sign out", async () => {
    await keys.search("sign o", "Sign out");
    await page.getByLabel("User").waitFor();
  });

  assert.deepEqual(problems, []);
});
