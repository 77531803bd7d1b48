import { expect, test } from "vitest";
import { latest } from "./last-seen";

test("requests of all keys of a user count, and the latest moment of requests and events is shown", () => {
  const seen = latest(
    [
      { user: "ada", key: "A1", last_seen: "2026-11-29T10:00:03.000000001Z", requests: 2 },
      { user: "ada", key: "A2", last_seen: "2026-11-29T10:00:01Z", requests: 5 },
      { user: "bob", key: "B1", last_seen: "2026-11-29T10:00:09Z", requests: 1 },
    ],
    new Map([
      ["bob", "2026-11-29T10:00:04Z"],
      ["eve", "2026-11-29T10:00:05Z"],
    ]),
  );
  expect(Object.fromEntries(seen)).toEqual({
    ada: { time: "2026-11-29T10:00:03.000000001Z", requests: 7 },
    bob: { time: "2026-11-29T10:00:09Z", requests: 1 },
    eve: { time: "2026-11-29T10:00:05Z" },
  });
});
