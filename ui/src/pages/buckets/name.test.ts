import { expect, test } from "vitest";
import { nameProblem, parseBytes } from "./name";

test.each(["photos", "a.b-c.1", "a".repeat(63), "123"])("%s is a name", (name) =>
  expect(nameProblem(name)).toBeUndefined(),
);

test.each(["ab", "a".repeat(64), "Photos", "a_b", "-ab", "ab-", "a..b", "192.168.0.1", "xn--a", "x--ol-s3"])(
  "%s is none",
  (name) => expect(nameProblem(name)).toBeDefined(),
);

test.each([
  ["500 GiB", 500 * 1024 ** 3],
  ["1.5T", 1.5 * 1024 ** 4],
  ["1,5 tb", 1.5 * 1024 ** 4],
  ["1024", 1024],
  ["0", undefined],
  ["many", undefined],
  ["9999999 P", undefined],
])("%s", (text, bytes) => expect(parseBytes(text)).toBe(bytes));
