// Fills a store so that its pages have everything that they can show: people with rights, something refused, keys of every
// kind. A page that is looked at with nothing on it says nothing about what it shows the day after.
import assert from "node:assert/strict";
import { Session, url } from "./store.mjs";

/** A key that needs many lines, and one that turns what follows it and has characters without a look. */
export const LONG_KEY = `odd/${"k".repeat(900)}.txt`;
const HIDDEN_KEY = "odd/\u202etxt.exe\u200b";

/** Files of a folder that is longer than a screen. */
const FILES = 60;

const LOGGING = `<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LoggingEnabled><TargetBucket>photos</TargetBucket><TargetPrefix>log/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>`;

/** What is made, each once: a store that was filled before has it already. */
const MADE = [
  ["POST", "/users", { name: "ada", password: "correct horse battery" }],
  ["POST", "/groups", { name: "staff" }],
  ["PUT", "/groups/staff/members/ada"],
  [
    "PUT",
    "/policies/see-photos",
    {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/*" }],
    },
  ],
  ["PUT", "/policies/see-photos/users/ada"],
  ["PUT", "/policies/see-photos/groups/staff"],
  ["POST", "/kms-keys", { name: "for-photos" }],
  ["POST", "/consumers", { name: "indexer", filter: { bucket: "photos" }, from: "now" }],
  ["POST", "/targets", { name: "hook", kind: "nats", subject: "notify.photos", filter: null }],
];

export async function fill() {
  const session = await Session.open();
  for (const [method, path, body] of MADE) {
    const answer = await session.ask(method, path, body);
    const said = answer.ok ? "" : await answer.text();
    assert.ok(answer.ok || answer.status === 409, `${method} ${path}: ${answer.status} ${said}`);
  }
  // Keys have no names, so every call would make another.
  const { keys } = await session.read("/users/ada/keys");
  if (keys.length === 0) await session.must("POST", "/users/ada/keys", {});
  const versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  await session.must("PUT", "/s3/photos?versioning", versions);
  await session.must("PUT", "/s3/photos?logging", LOGGING);
  const put = (key, headers) =>
    session.must("PUT", `/s3/photos/${encodeURIComponent(key)}`, "what is in it", headers);
  await put(LONG_KEY, { "x-amz-meta-note": "a note", "x-amz-tagging": "kind=odd" });
  await put(LONG_KEY, { "x-amz-meta-note": "another note" });
  await put(HIDDEN_KEY);
  for (let number = 0; number < FILES; number += 1) await put(`many/${number}.txt`);
  await session.ask("GET", "/s3/photos/odd/nothing-of-this-name");
  await fetch(`${url}/api/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-planetstore-request": "test" },
    body: JSON.stringify({ user: "nobody", password: "wrong" }),
  });
}
