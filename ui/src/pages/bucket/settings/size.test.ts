import { expect, test } from "vitest";
import { parseSize, sizeText } from "./size";

test.each([
  ["0", 0],
  ["1000", 1_000],
  ["10 GiB", 10 * 2 ** 30],
  ["1.5T", 1.5 * 2 ** 40],
  ["500 mb", 500 * 2 ** 20],
  ["1,204,331 B", 1_204_331],
  ["1000000000000000", 1e15],
])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each(["", "ten", "1.2.3", "-1", "5 XB", "99999999 PiB"])("%j is no size", (text) =>
  expect(parseSize(text)).toBeUndefined(),
);

test("what is shown is what was typed", () => {
  for (const bytes of [1, 1_023, 1_024, 3 * 2 ** 40, 1e15]) expect(parseSize(sizeText(bytes))).toBe(bytes);
  expect(sizeText(10 * 2 ** 30)).toBe("10 GiB");
});
