import { expect, test } from "vitest";
import { within } from "./within";

test.each([
  [undefined, "/"],
  ["/buckets?x=1", "/buckets?x=1"],
  ["https://evil.example/", "/"],
  ["//evil.example/", "/"],
  ["/\\evil.example", "/"],
  ["/\t/evil.example", "/"],
  ["javascript:alert(1)", "/"],
  ["/login?to=/login", "/"],
  ["/objects/ticket", "/"],
])("%s leads to %s", (to, place) => expect(within(to)).toBe(place));
