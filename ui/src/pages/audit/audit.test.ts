import { describe, expect, it } from "vitest";
import { fromField, toField } from "./moment";
import { ndjson } from "./ndjson";
import { aboutText, parseAbout } from "./object";

describe("what an event is about", () => {
  it.each([
    ["photos", { bucket: "photos" }],
    ["photos/", { bucket: "photos" }],
    ["photos/*", { bucket: "photos" }],
    ["photos/a/b.jpg", { bucket: "photos", key: "a/b.jpg" }],
    ["s3://photos/2026/*", { bucket: "photos", prefix: "2026/" }],
    ["  ", {}],
    ["/", {}],
  ])("understands %s", (text, about) => expect(parseAbout(text)).toEqual(about));

  it.each(["photos", "photos/a/b.jpg", "photos/2026/*", ""])("writes %s as it was", (text) => {
    expect(aboutText(parseAbout(text))).toBe(text);
  });
});

describe("moments in fields", () => {
  it("come back as they were, to the minute", () => {
    const time = "2026-11-22T12:30:00.000Z";
    expect(fromField(toField(time))).toBe(time);
  });

  it("are absent when a field is empty or wrong", () => {
    expect(fromField("")).toBeUndefined();
    expect(fromField("soon")).toBeUndefined();
    expect(toField("soon")).toBe("");
  });
});

it("has a line for each entry", () => {
  expect(ndjson([{ sequence: 2 }, { sequence: 1 }])).toBe('{"sequence":2}\n{"sequence":1}\n');
  expect(ndjson([])).toBe("");
});
