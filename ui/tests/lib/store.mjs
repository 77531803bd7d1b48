// The store that is tested, and what tests do beside the page.
//
//   PLANETSTORE_CONSOLE_URL, PLANETSTORE_USER, PLANETSTORE_PASSWORD   the store, and who signs in
import assert from "node:assert/strict";
import { createInterface } from "node:readline";

export const url = process.env.PLANETSTORE_CONSOLE_URL ?? "http://127.0.0.1:9001";
export const user = process.env.PLANETSTORE_USER ?? "root";
export const password = process.env.PLANETSTORE_PASSWORD ?? "";

/** How long a page may take for something, in milliseconds, on a machine that does other things, too. */
export const PATIENCE = { timeout: 60_000 };

const ATTEMPTS_MAX = 6;

/** A number of the environment. */
export function setting(name, otherwise) {
  const value = process.env[name];
  return value === undefined ? otherwise : Number(value);
}

/** Does one thing, and says that it held. */
export async function step(name, work) {
  const begun = performance.now();
  const says = await work();
  console.log(`ok   ${name} (${Math.round(performance.now() - begun)} ms)${says ? `: ${says}` : ""}`);
}

/** How long before its end a token is replaced, in milliseconds. */
const TOKEN_RENEWED_MS = 60_000;

/** Requests with a session of their own. */
export class Session {
  static async open(name = user, word = password) {
    const session = new Session();
    session.credentials = { user: name, password: word };
    await session.signIn();
    return session;
  }

  async signIn() {
    const response = await fetch(`${url}/api/v1/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-planetstore-request": "test" },
      body: JSON.stringify(this.credentials),
    });
    assert.equal(response.status, 200, "the test signs in");
    const { access_token, expires } = await response.json();
    [this.token, this.expires] = [access_token, Date.parse(expires)];
  }

  /** A request to the API. A body that is no text is sent as JSON. */
  async ask(method, path, body, headers = {}) {
    // A long case takes longer than a token is valid. Requests that are made at once share the new one.
    if (this.expires - Date.now() < TOKEN_RENEWED_MS) {
      this.renewed ??= this.signIn().finally(() => {
        this.renewed = undefined;
      });
      await this.renewed;
    }
    const isJson = body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
    return fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        "x-planetstore-request": "test",
        ...(isJson && { "content-type": "application/json" }),
        ...headers,
      },
      body: isJson ? JSON.stringify(body) : body,
    });
  }

  /** What the API says, or a failure. */
  async read(path) {
    const response = await this.ask("GET", path);
    assert.equal(response.status, 200, path);
    return response.json();
  }

  /** A request of S3. */
  s3(method, path, body, headers) {
    return this.ask(method, `/s3/${path}`, body, headers);
  }

  /** A change that must succeed. As clients of S3 do, it tries again while the store asks for it. */
  async must(method, path, body, headers) {
    let response = await this.ask(method, path, body, headers);
    for (let attempt = 1; attempt < ATTEMPTS_MAX && response.status === 503; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
      response = await this.ask(method, path, body, headers);
    }
    assert.ok(
      response.ok,
      `${method} ${path}: ${response.status} ${response.ok ? "" : await response.text()}`,
    );
    return response;
  }

  /** The events behind a sequence: all of them, or about as many as are wanted. */
  async events(after = 0, filter = "", wanted = Number.POSITIVE_INFINITY) {
    const found = [];
    for (let next = after; ; ) {
      const response = await this.ask("GET", `/events?after=${next}&limit=1000${filter}`);
      assert.equal(response.status, 200, "events are read");
      const page = await response.json();
      found.push(...page);
      const until = Number(response.headers.get("x-planetstore-next"));
      if (
        found.length >= wanted ||
        !(until > next) ||
        until >= Number(response.headers.get("x-planetstore-sequence"))
      )
        return found;
      next = until;
    }
  }
}

/** Goes to another page without loading it anew. */
export function goTo(page, to) {
  return page.evaluate((path) => {
    history.pushState({}, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
  }, to);
}

let answers;

/** Has whoever started this restart the store, and goes on when they say so with a line. */
export async function restartStore() {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log("please restart the store and press Enter");
  await answers.next();
}

/** Waits until the page of events says that it follows the log. The page and the link to it are called Live, too. */
export function isFollowing(page) {
  return page.locator('[aria-live="off"]').getByText("Live", { exact: true }).waitFor(PATIENCE);
}
