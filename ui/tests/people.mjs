// Users, groups, policies and sessions in a browser: make a user with a key and a policy, ask what the user may do, sign
// in as the user and be refused what it may not, and end its session. Takes what browser.mjs takes.
import { strict as assert } from "node:assert";
import { forget, openPage, signIn, withBrowser } from "./lib/browser.mjs";

const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
const root = process.env.PLANETSTORE_USER ?? "root";
const password = process.env.PLANETSTORE_PASSWORD ?? "";
const mark = Date.now().toString(36);
const [user, policy, group] = [`grace-${mark}`, `read-${mark}`, `crew-${mark}`];
const secret = `correct horse ${mark}`;
const WAIT = { timeout: 20_000 };

async function task(name, work) {
  const begun = Date.now();
  await work();
  console.log(`ok   ${name} (${Date.now() - begun} ms)`);
}

async function login(name, word) {
  const headers = { "content-type": "application/json", "x-planetstore-request": "test" };
  const body = JSON.stringify({ user: name, password: word });
  const answer = await fetch(`${url}/api/v1/login`, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
  const bearer = { authorization: `Bearer ${(await answer.json()).access_token}` };
  return (path) => fetch(`${url}/api/v1${path}`, { headers: bearer });
}

await withBrowser(async (context) => {
  const { page, problems } = await openPage(context, { width: 1440, theme: "light" }, [/status of 40[0134]/]);
  const said = (sentence) => page.getByText(sentence).first().waitFor(WAIT);
  // What was said is a dialog of its own for those who hear it.
  const dialog = page.locator("[data-modal]");
  await signIn(page, url, root, password);

  await task("create a policy, refused first for its effect", async () => {
    await page.goto(`${url}/policies?create=true`);
    await dialog.getByLabel("Name").fill(policy);
    const document = (effect) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: effect, Action: "s3:ListAllMyBuckets", Resource: "*" }],
      });
    await dialog.getByLabel("Document").fill("{");
    await dialog.getByRole("button", { name: "Create policy" }).click();
    await dialog.getByText("This is not valid JSON:").waitFor(WAIT);
    await dialog.getByLabel("Document").fill(document("Alow"));
    await dialog.getByRole("button", { name: "Create policy" }).click();
    await dialog.getByText("the effect of a statement is").waitFor(WAIT);
    await dialog.getByLabel("Document").fill(document("Allow"));
    await dialog.getByText("may list buckets").waitFor(WAIT);
    await dialog.getByRole("button", { name: "Create policy" }).click();
    await said(`Stored the policy ${policy}.`);
  });

  await task("create a user", async () => {
    await page.goto(`${url}/users?create=true`);
    await dialog.getByLabel("Name", { exact: true }).fill(user);
    await dialog.getByLabel("Password").fill(secret);
    await dialog.getByRole("button", { name: "Create user" }).click();
    await said(`Created the user ${user}.`);
  });

  const drawer = page.getByRole("complementary", { name: `User ${user}` });
  await task("give the user a key, whose secret is shown once", async () => {
    await drawer.getByRole("button", { name: "Create key" }).click();
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByText("Secret key").waitFor(WAIT);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      dialog.getByRole("button", { name: "Save as a file" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), `${user}.credentials`);
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    await drawer.getByText("enabled").nth(1).waitFor(WAIT);
  });

  await task("attach the policy by a group", async () => {
    await page.goto(`${url}/groups?create=true`);
    await dialog.getByLabel("Name").fill(group);
    await dialog.getByRole("button", { name: "Create group" }).click();
    const beside = page.getByRole("complementary", { name: `Group ${group}` });
    await beside.getByLabel("Add member: Members").fill(user);
    await beside.getByRole("button", { name: "Add member" }).click();
    await said(`Added ${user} to ${group}.`);
    await beside.getByLabel("Attach policy: Policies").fill(policy);
    await beside.getByRole("button", { name: "Attach policy" }).click();
    await said(`Attached ${policy} to ${group}.`);
  });

  await task("ask what the user may do", async () => {
    await page.goto(`${url}/policies`);
    const form = page.getByRole("form", { name: "Check a user's rights" });
    for (const [action, answer] of [
      ["s3:ListAllMyBuckets", "Yes"],
      ["s3:CreateBucket", "No"],
    ]) {
      await form.getByLabel(/^User/).fill(user);
      await form.getByLabel("Action").fill(action);
      await form.getByLabel(/^Bucket/).fill(action === "s3:CreateBucket" ? `new-${mark}` : "");
      await form.getByRole("button", { name: "Check" }).click();
      await form.getByText(answer, { exact: true }).waitFor(WAIT);
    }
  });

  const ask = await login(user, secret);
  await task("end the session of the user", async () => {
    assert.equal((await ask(`/users/${user}`)).status, 200);
    await page.goto(`${url}/sessions?filter=${user}`);
    await page.getByRole("button", { name: /^End the session/ }).click();
    await dialog.getByRole("button", { name: "End session" }).click();
    await said(`Ended a session of ${user}.`);
    assert.equal((await ask(`/users/${user}`)).status, 401);
  });

  await task("sign in as the user, and be refused the list of users", async () => {
    await signIn(page, url, user, secret);
    await page.goto(`${url}/users`);
    await said("The users could not be listed.");
    await forget(page, url);
  });

  await task("see the login that failed, and who was refused", async () => {
    const headers = { "content-type": "application/json", "x-planetstore-request": "test" };
    const body = JSON.stringify({ user, password: "wrong" });
    assert.equal((await fetch(`${url}/api/v1/login`, { method: "POST", headers, body })).status, 401);
    await signIn(page, url, root, password);
    await page.goto(`${url}/audit/access?user=${user}`);
    // Records are written within seconds, and none of them is an event that would tell the page.
    const row = (what) => page.getByRole("row").filter({ hasText: user }).filter({ hasText: what });
    for (const what of ["login failed", "listUsers"]) {
      for (let left = 40; left > 0 && (await row(what).count()) === 0; left -= 1) {
        const answered = page.waitForResponse((answer) => answer.url().includes("/api/v1/audit/access"));
        await page.getByRole("button", { name: "Refresh" }).click();
        await answered;
        await page.getByText(/There is nothing before|Nothing of this was recorded/).waitFor(WAIT);
      }
      await row(what).first().waitFor(WAIT);
    }
  });

  await task("make an encryption key from any page, and disable it", async () => {
    const key = `kms-${mark}`;
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search" }).fill("create an encryption");
    await page.getByRole("option", { name: "Create an encryption key" }).waitFor(WAIT);
    await page.keyboard.press("Enter");
    await dialog.getByLabel("Name").fill(key);
    await dialog.getByRole("button", { name: "Create key" }).click();
    await said(`Created the encryption key ${key}.`);
    await page.getByRole("button", { name: `Disable ${key}` }).click();
    await dialog.getByRole("button", { name: "Disable key" }).click();
    await said(`Disabled the encryption key ${key}.`);
    await page.getByRole("button", { name: `Enable ${key}` }).waitFor(WAIT);
  });

  await task("delete the user, the group and the policy", async () => {
    await page.goto(`${url}/users?user=${user}`);
    await drawer.getByRole("button", { name: "Delete", exact: true }).click();
    await dialog.getByLabel(/^Type/).fill(user);
    await dialog.getByRole("button", { name: "Delete user" }).click();
    await said(`Deleted the user ${user}.`);
    await page.goto(`${url}/groups?group=${group}`);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await dialog.getByRole("button", { name: "Delete group" }).click();
    await said(`Deleted the group ${group}.`);
    await page.goto(`${url}/policies?policy=${policy}`);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await dialog.getByRole("button", { name: "Delete policy" }).click();
    await said(`Deleted the policy ${policy}.`);
  });

  await task("be told that what an address names is not there", async () => {
    await page.goto(`${url}/groups?group=${group}`);
    await page.getByText("There is no such group.").waitFor(WAIT);
    await page.goto(`${url}/policies?policy=${policy}`);
    await page.getByText("There is no such policy.").waitFor(WAIT);
    await page.goto(`${url}/buckets/no-such-bucket/settings`);
    await page.getByText("There is no such bucket").waitFor(WAIT);
  });
  assert.deepEqual(problems, []);
});
