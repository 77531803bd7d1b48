// Replication in a browser, in the first of two regions that are linked: see the link; write a rule in the settings of a
// bucket, and see its destination become up to date; have it compared again; see what waits for a bucket; add a link and
// remove it. What the page shows has no violation that axe finds. Takes what browser.mjs takes, and
//
//   PLANETSTORE_REGION   the name of the second region
//   PLANETSTORE_BUCKET   a bucket with versions of the first region; the second one has a bucket of this name, too
//   PLANETSTORE_KEY      the key of an object in it that cannot be replicated
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { openPage, signIn, withBrowser } from "./lib/browser.mjs";
import { PATIENCE, password, Session, step, url, user } from "./lib/store.mjs";

const region = process.env.PLANETSTORE_REGION ?? "us-west-2";
const bucket = process.env.PLANETSTORE_BUCKET ?? "here";
const key = process.env.PLANETSTORE_KEY ?? "sealed.bin";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function assertAccessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const options = { resultTypes: ["violations"], preload: false, iframes: false };
    const { violations } = await window.axe.run(document, options);
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(" | ")}`,
    );
  });
  assert.deepEqual(found, []);
}

await withBrowser(async (context) => {
  const { page, problems } = await openPage(context, { width: 1440, theme: "light" });
  const dialog = page.locator("[data-modal]");
  const said = (sentence) => page.getByText(sentence).first().waitFor(PATIENCE);
  const links = page.getByRole("table", { name: "Links to other regions" });
  const row = (to) =>
    page
      .getByRole("table", { name: "Destinations" })
      .getByRole("row")
      .filter({ hasText: `${to} in ${region}` });
  const session = await Session.open();
  await signIn(page, url, user, password);

  await step("see the link, and that nothing is replicated", async () => {
    await page.goto(`${url}/replication`);
    await links.getByText(region, { exact: true }).waitFor(PATIENCE);
    await said("No bucket is replicated");
    await said("No destination has refused a version lately.");
    await assertAccessible(page);
  });

  await step("write a rule in the settings of the bucket", async () => {
    await page.goto(`${url}/buckets/${bucket}/settings`);
    const card = page.getByRole("region", { name: "Replication" });
    await card.getByRole("button", { name: "Add rule" }).click();
    await card.getByText(`All objects are replicated to ${bucket} in ${region}.`).waitFor(PATIENCE);
    await card.getByRole("button", { name: "Save rules" }).click();
    await said(`Changed the Replication rules of ${bucket}.`);
    await card.getByRole("button", { name: "Remove rule 1" }).waitFor(PATIENCE);
    const document = await (await session.s3("GET", `${bucket}?replication`)).text();
    assert.match(document, new RegExp(`arn:aws:s3:${region}::${bucket}<`));
  });

  await step("see in the list of buckets that it is replicated", async () => {
    await page.goto(`${url}/buckets`);
    const listed = page.getByRole("row").filter({ hasText: bucket });
    await listed.getByText("replicated", { exact: true }).waitFor(PATIENCE);
  });

  await step("see the destination become up to date", async () => {
    await session.must("PUT", `/s3/${bucket}/notes.txt`, "notes");
    await page.goto(`${url}/replication`);
    await row(bucket).getByText("up to date").waitFor(PATIENCE);
    await page.getByRole("figure", { name: /^Seconds that destinations are behind/ }).waitFor(PATIENCE);
    await assertAccessible(page);
  });

  await step("compare it again, by the sentence that says what that does", async () => {
    await row(bucket).getByRole("button", { name: "Compare again" }).click();
    await dialog.getByText("What is missing or different there is sent").waitFor(PATIENCE);
    await assertAccessible(page);
    await dialog.getByRole("button", { name: "Compare again" }).click();
    await said(`${bucket} is compared with ${bucket} in ${region}.`);
    await row(bucket).getByText("up to date").waitFor(PATIENCE);
    const events = await session.events(0, "&type=replication.resync_asked");
    assert.equal(events.length, 1);
  });

  await step("see what was refused, with its reason and its event", async () => {
    const failed = page.getByRole("region", { name: `Failed from ${bucket} to ${bucket} in ${region}` });
    await failed.getByText(key).first().waitFor(PATIENCE);
    await failed
      .getByText(/only its client has/)
      .first()
      .waitFor(PATIENCE);
    await failed.getByRole("link", { name: /^#/ }).first().click();
    await said("replication.failed");
    await assertAccessible(page);
  });

  await step("see for what a destination waits", async () => {
    const text = await (await session.s3("GET", `${bucket}?replication`)).text();
    const rule = `<Rule><Priority>9</Priority><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:${region}::nowhere</Bucket></Destination></Rule>`;
    const both = text.replace("</ReplicationConfiguration>", `${rule}</ReplicationConfiguration>`);
    await session.must("PUT", `/s3/${bucket}?replication`, both);
    await session.must("PUT", `/s3/${bucket}/more.txt`, "more");
    await page.goto(`${url}/replication`);
    await row("nowhere").getByText("waiting").waitFor(PATIENCE);
    await page.getByRole("list", { name: "What waits" }).getByText("NoSuchBucket").waitFor(PATIENCE);
    await assertAccessible(page);
  });

  await step("add a link by the search, refused first for its URL", async () => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search" }).fill("add a link");
    await page.getByRole("option", { name: "Add a link to another region" }).waitFor(PATIENCE);
    await page.keyboard.press("Enter");
    await dialog.getByText("s3:ReplicateDelete").first().waitFor(PATIENCE);
    await assertAccessible(page);
    await dialog.getByLabel("Region").fill("eu-1");
    await dialog.getByLabel("URL").fill("http://s3.eu-1.example.com");
    await dialog.getByLabel("Access key id").fill("AKIAEXAMPLE00000000");
    assert.equal(await dialog.getByLabel("Secret key").getAttribute("type"), "password");
    await dialog.getByLabel("Secret key").fill("a secret that nobody uses");
    await dialog.getByRole("button", { name: "Add link" }).click();
    await dialog.getByText("its URL begins with https://").waitFor(PATIENCE);
    await dialog.getByLabel("URL").fill("https://s3.eu-1.example.com");
    await dialog.getByRole("button", { name: "Add link" }).click();
    await said("Added the link to eu-1.");
    await links.getByText("https://s3.eu-1.example.com").waitFor(PATIENCE);
  });

  await step("remove a link, with a sentence about what waits without it", async () => {
    await links.getByRole("button", { name: `Remove the link to ${region}` }).click();
    await dialog.getByText(/^2 destinations are reached by it/).waitFor(PATIENCE);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await links.getByRole("button", { name: "Remove the link to eu-1" }).click();
    await dialog.getByText("No destination that this page lists is reached by it.").waitFor(PATIENCE);
    await assertAccessible(page);
    await dialog.getByRole("button", { name: "Remove link" }).click();
    await said("Removed the link to eu-1.");
    assert.deepEqual(
      (await session.read("/links")).links.map(({ name }) => name),
      [region],
    );
  });

  await step("remove the rules in the settings of the bucket", async () => {
    await page.getByRole("link", { name: bucket, exact: true }).first().click();
    const card = page.getByRole("region", { name: "Replication" });
    for (let left = 2; left > 0; left -= 1) {
      await card.getByRole("button", { name: "Remove rule 1" }).click();
      await card
        .getByRole("button", { name: `Remove rule ${left}` })
        .waitFor({ ...PATIENCE, state: "detached" });
    }
    await card.getByText("Nothing is replicated to another region.").waitFor(PATIENCE);
    assert.equal((await session.s3("GET", `${bucket}?replication`)).status, 404);
  });
  // The two requests that are refused on purpose, and a setting that is not there any more.
  assert.deepEqual(
    problems.filter((text) => !/status of 400 .*\/api\/v1\/links/.test(text)),
    [],
  );
});
