import { describe, expect, test } from "vitest";
import {
  bytes,
  count,
  duration,
  milliseconds,
  percent,
  plural,
  ratio,
  relative,
  short,
  visible,
  visibleLines,
} from ".";

describe("numbers", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [314.713, "315 B"],
    [1023, "1,023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [1048575, "1 MiB"],
    [1e15, "909 TiB"],
  ])("%d bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

  test("counts are exact, and short ones say so by their letter", () => {
    expect(count(1204331)).toBe("1,204,331");
    expect(short(12_400)).toBe("12.4k");
    expect(short(999)).toBe("999");
  });

  test("shares are 0 % and 100 % only when they are", () => {
    expect(percent(1, 1_000_000)).toBe("< 1 %");
    expect(percent(999_999, 1_000_000)).toBe("> 99 %");
    expect(percent(5, 5)).toBe("100 %");
    expect(percent(0, 0)).toBe("0 %");
  });

  test("nouns follow their number", () => {
    expect(plural(1, "object")).toBe("1 object");
    expect(plural(2000, "object")).toBe("2,000 objects");
    expect(plural(0, "entry", "entries")).toBe("0 entries");
  });

  test("milliseconds", () => {
    expect(milliseconds(0.424)).toBe("0.42 ms");
    expect(milliseconds(1_840)).toBe("1.84 s");
  });
});

describe("times", () => {
  test.each([
    [0, "0 s"],
    [59.6, "1 min"],
    [3_600, "1 h"],
    [18_720, "5 h 12 min"],
    [90_000, "1 d 1 h"],
    [86_400 * 40, "40 d"],
  ])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  test("relative times look both ways", () => {
    const now = Date.parse("2026-11-22T12:00:00Z");
    expect(relative("2026-11-22T11:57:00Z", now)).toBe("3 min ago");
    expect(relative("2026-11-24T12:00:00Z", now)).toBe("in 2 d");
    expect(relative("2026-11-22T12:00:01Z", now)).toBe("now");
  });
});

test("characters that change what is seen are shown", () => {
  expect(visible("\u202etxt.exe")).toBe("\\u202etxt.exe");
  expect(visible("a\tb")).toBe("a\\u0009b");
  expect(visible("a\u3164b\u2063c\u{e0041}")).toBe("a\\u3164b\\u2063c\\u{e0041}");
  expect(visible("pay\u200dpal\u200c")).toBe("pay\\u200dpal\\u200c");
  expect(visible("می\u200cخواهم")).toBe("می\u200cخواهم");
  expect(visibleLines("a\u202eb\nc")).toBe("a\\u202eb\nc");
  expect(visible("Zürich 👩‍🚀 الرباط")).toBe("Zürich 👩‍🚀 الرباط");
});

test("ratios are as exact as anybody reads them", () => {
  expect(ratio(1.094)).toBe("1.09 : 1");
  expect(ratio(10_000)).toBe("10,000 : 1");
});
