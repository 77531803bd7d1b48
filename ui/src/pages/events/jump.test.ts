import { expect, test } from "vitest";
import { parsePlace } from "./jump";

const NOW = new Date("2026-11-22T12:00:00");

test.each([
  ["#1,204", { after: 1203 }],
  ["7", { after: 6 }],
  ["2h", { since: new Date("2026-11-22T10:00:00").toISOString() }],
  ["30 min ago", { since: new Date("2026-11-22T11:30:00").toISOString() }],
  ["11:15", { since: new Date("2026-11-22T11:15:00").toISOString() }],
  ["23:00", { since: new Date("2026-11-21T23:00:00").toISOString() }],
  ["2026-11-20 08:30", { since: new Date("2026-11-20T08:30:00").toISOString() }],
  ["yesterday", undefined],
  ["", undefined],
])("%s", (text, place) => expect(parsePlace(text, NOW)).toEqual(place));
