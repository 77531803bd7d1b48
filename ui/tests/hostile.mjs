// What an attacker tries on a console in a browser: stored scripts in keys, metadata and previews, pages of another port that
// use the person's session, frames, redirects after the sign-in, tokens where others can read them, and what belongs to
// other users. The advisories on consoles of other stores are of these kinds.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { forget, openPage, signIn, withBrowser } from "./lib/browser.mjs";
import { goTo, PATIENCE, password, Session, step, url, user } from "./lib/store.mjs";

const mark = Date.now().toString(36);
const [own, secret] = [`own-${mark}`, `secret-${mark}`];
const [visitor, word] = [`visitor-${mark}`, `correct horse ${mark}`];
const SCRIPT = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>";
const EVIL = {
  "page.html": ["text/html", `<!doctype html><script>window.hacked=1;top.hacked=1</script>${SCRIPT}`],
  "picture.svg": [
    "image/svg+xml",
    `<svg xmlns="http://www.w3.org/2000/svg" onload="top.hacked=1"><script>top.hacked=1</script></svg>`,
  ],
  "notes.md": ["text/markdown", `[x](javascript:window.hacked=1) ${SCRIPT}`],
  "table.csv": ["text/csv", `${SCRIPT},=HYPERLINK("javascript:1")\n`],
  "lying.png": ["image/png", `<!doctype html><script>top.hacked=1</script>`],
};
/** What browsers report when a policy stops something, and when an attacker is refused. */
const STOPPED = [
  /Content.Security.Policy/i,
  /status of 40[0-9]/,
  /ERR_BLOCKED/,
  /sandboxed/,
  /WebSocket/,
  /frame/i,
];

async function plant(session) {
  for (const bucket of [own, secret]) await session.must("PUT", `/s3/${bucket}`);
  await session.must("PUT", `/s3/${own}/${encodeURIComponent(SCRIPT.replaceAll("/", ""))}`, "x");
  await session.must("PUT", `/s3/${secret}/plan-${mark}.txt`, "not for visitors");
  for (const [key, [type, body]] of Object.entries(EVIL)) {
    const headers = {
      "content-type": type,
      "x-amz-meta-note": SCRIPT.replaceAll("/", ""),
      "x-amz-tagging": "a=b",
    };
    await session.must("PUT", `/s3/${own}/${key}`, body, headers);
  }
  await session.must("POST", "/users", { name: visitor, password: word });
  const document = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:*"], Resource: [`arn:aws:s3:::${own}`, `arn:aws:s3:::${own}/*`] },
      { Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" },
    ],
  };
  await session.must("PUT", `/policies/${visitor}`, document);
  await session.must("PUT", `/policies/${visitor}/users/${visitor}`);
}

async function stored(page) {
  for (const key of [SCRIPT.replaceAll("/", ""), ...Object.keys(EVIL)]) {
    await goTo(page, `/buckets/${own}?key=${encodeURIComponent(key)}`);
    const drawer = page.getByRole("complementary", { name: `Object ${key}` });
    await drawer.getByRole("region", { name: "Tags" }).waitFor(PATIENCE);
    await page.waitForFunction(() => !document.querySelector('aside .skeleton, aside [aria-busy="true"]'));
    assert.equal(await page.evaluate(() => window.hacked), undefined, `${key} ran a script`);
    for (const frame of page.frames().slice(1)) {
      assert.equal(await frame.evaluate("window.hacked").catch(() => undefined), undefined, key);
    }
  }
  for (const path of [`/buckets/${own}/events`, `/events?bucket=${own}`, "/audit", "/"]) {
    await goTo(page, path);
    await page.locator("h1").first().waitFor(PATIENCE);
    assert.equal(await page.evaluate(() => window.hacked), undefined, `${path} ran a script`);
  }
}

/** Opened as a page of its own, an object is saved, or shown without a right. */
async function opened(context, session) {
  for (const key of Object.keys(EVIL)) {
    for (const disposition of ["attachment", "inline"]) {
      const answer = await session.ask("POST", "/tickets", { bucket: own, key, disposition });
      if (!answer.ok) continue;
      const { url: path } = await answer.json();
      const page = await context.newPage();
      await page.goto(`${url}${path}`).catch((error) => assert.match(String(error), /Download|ERR_ABORTED/));
      if (page.url().startsWith(url)) {
        const origin = await page.evaluate(() => [window.origin, window.hacked].join(" "));
        assert.equal(origin.trim(), "null", `${key} as ${disposition} has the console's origin`);
      }
      await page.close();
    }
  }
}

/** A page of the same host on another port, as a bucket with a website would be. Cookies ignore ports. */
async function neighbour(context) {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(
      `<!doctype html><iframe src="${url}/buckets"></iframe><form method=post action="${url}/api/v1/logout"></form>`,
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await context.newPage();
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const found = await page.evaluate(async (console_) => {
      const read = async (path, init) =>
        fetch(`${console_}${path}`, { credentials: "include", ...init }).then(
          async (response) => `${response.type} ${response.status}`,
          () => "blocked",
        );
      const socket = await new Promise((resolve) => {
        const opened = new WebSocket(`${console_.replace("http", "ws")}/api/v1/ws`, "cloudevents.json");
        opened.onopen = () => resolve("open");
        opened.onerror = () => resolve("blocked");
      });
      return {
        refresh: await read("/api/v1/refresh", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        }),
        plain: await read("/api/v1/refresh", { method: "POST", body: "{}" }),
        header: await read("/api/v1/refresh", {
          method: "POST",
          headers: { "x-planetstore-session": "cookie" },
        }),
        users: await read("/api/v1/users"),
        page: await read("/"),
        socket,
      };
    }, url);
    for (const [attempt, outcome] of Object.entries(found)) assert.equal(outcome, "blocked", attempt);
    const frame = page.frames().find((each) => each !== page.mainFrame());
    assert.doesNotMatch(
      await frame.content().catch(() => ""),
      /id="root"/,
      "the console is shown in a frame",
    );
    await Promise.all([
      page.waitForNavigation().catch(() => undefined),
      page.evaluate(() => document.forms[0].submit()),
    ]);
  } finally {
    await page.close();
    server.close();
  }
}

async function redirects(page) {
  for (const to of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:window.hacked=1",
    "/%2F/evil.example",
    "/api/v1/s3/x",
  ]) {
    await forget(page, url);
    await page.goto(`${url}/login?to=${encodeURIComponent(to)}`);
    await page.getByLabel("User").fill(user);
    await page.getByLabel(/^Password/).fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL((at) => at.pathname !== "/login", PATIENCE);
    await page.locator("h1, h2").first().waitFor(PATIENCE);
    assert.equal(new URL(page.url()).origin, url, to);
    assert.equal(await page.evaluate(() => window.hacked), undefined, to);
  }
}

async function tokens(page) {
  const [addresses, given] = [[], new Set()];
  const note = (request) => addresses.push(request.url());
  const read = async (response) => {
    if (!/\/api\/v1\/(login|refresh)$/.test(response.url())) return;
    const document = await response.json().catch(() => ({}));
    for (const name of ["access_token", "refresh_token"]) if (document[name]) given.add(document[name]);
  };
  page.on("request", note);
  page.on("response", read);
  await signIn(page, url, user, password);
  for (const path of [`/buckets/${own}?key=notes.md`, "/events", "/users"]) {
    await goTo(page, path);
    await page.locator("h1").first().waitFor(PATIENCE);
  }
  await page.reload();
  await page
    .getByRole("navigation", { name: "Pages" })
    .first()
    .waitFor({ state: "attached", ...PATIENCE });
  const kept = await page.evaluate(() =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      location.href,
      history.state,
    ]),
  );
  assert.ok(given.size > 0, "a token was given");
  for (const token of given) {
    assert.ok(!kept.includes(token), "a token is where a script can read it");
    assert.ok(!addresses.some((address) => address.includes(token)), "a token is in an address");
  }
  page.off("request", note);
  page.off("response", read);
}

async function others(page, session) {
  await signIn(page, url, visitor, word);
  const unseen = async (where) => {
    const told = await page.evaluate(() => document.body.textContent);
    const at = told.indexOf(secret);
    assert.ok(at < 0, `${where} tells of the bucket: ${told.slice(Math.max(0, at - 100), at + 100)}`);
  };
  await goTo(page, `/buckets/${own}`);
  await page.getByRole("row").filter({ hasText: "notes.md" }).waitFor(PATIENCE);
  await goTo(page, "/buckets");
  await page.getByRole("row").filter({ hasText: own }).waitFor(PATIENCE);
  await unseen("the list of buckets");
  const rail = page.getByRole("navigation", { name: "Pages" }).first();
  assert.equal(await rail.getByRole("link", { name: "Buckets" }).count(), 1);
  for (const hidden of ["Users", "Nodes & work", "Logs"]) {
    assert.equal(await rail.getByRole("link", { name: hidden }).count(), 0, `${hidden} is offered`);
  }
  await goTo(page, "/events");
  await page.locator("h1").first().waitFor(PATIENCE);
  await session.must("PUT", `/s3/${secret}/another-${mark}`, "x");
  await session.must("PUT", `/s3/${own}/seen-${mark}`, "x");
  await page.getByText(`seen-${mark}`).first().waitFor(PATIENCE);
  await unseen("the stream");
  await page.keyboard.press("Control+k");
  const search = page.getByRole("combobox", { name: "Search" });
  for (const text of [secret, `plan-${mark}`]) {
    const answered = page.waitForResponse((response) => response.url().includes("/api/v1/search"));
    await search.fill(text);
    const found = await (await answered).text();
    assert.ok(!found.includes(`"${secret}"`), `the search for ${text} tells of the bucket`);
  }
  await search.fill("create a");
  await page.getByRole("option", { name: "Create a bucket" }).waitFor(PATIENCE);
  assert.equal(await page.getByRole("option", { name: /Create a user|Create a policy/ }).count(), 0);
  await page.keyboard.press("Escape");
  for (const path of ["/", "/audit", "/nodes", `/buckets/${secret}`, `/buckets/${secret}/insights`]) {
    await goTo(page, path);
    await page.locator("h1").first().waitFor(PATIENCE);
    const told = await page.evaluate(() => document.querySelector("main")?.textContent ?? "");
    assert.ok(
      !told.includes(`plan-${mark}`) && !told.includes(`another-${mark}`),
      `${path} tells of its objects`,
    );
  }
}

const session = await Session.open();
await plant(session);
await withBrowser(async (context) => {
  const { page, problems } = await openPage(context, { width: 1_440, theme: "light" }, STOPPED);
  await signIn(page, url, user, password);
  await step("scripts in keys, metadata and objects are text", () => stored(page));
  await step("objects that are opened have no origin", () => opened(context, session));
  await step("a page on another port gets nothing from the session", () => neighbour(context));
  await step("the session has survived that", async () => {
    await page.reload();
    await page
      .getByRole("navigation", { name: "Pages" })
      .first()
      .waitFor({ state: "attached", ...PATIENCE });
  });
  await step("a sign-in leads to pages of the console alone", () => redirects(page));
  await step("tokens are neither in addresses nor in storage", () => tokens(page));
  await step("a user sees nothing of what belongs to others", () => others(page, session));
  assert.deepEqual(problems, []);
});
