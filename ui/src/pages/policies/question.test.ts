import { expect, test } from "vitest";
import { placeOf } from "./question";

test("a place is a bucket, and a key if there is one", () => {
  expect(placeOf("")).toEqual({});
  expect(placeOf("photos")).toEqual({ bucket: "photos" });
  expect(placeOf("photos/")).toEqual({ bucket: "photos" });
  expect(placeOf(" photos/2026/x.jpg")).toEqual({ bucket: "photos", key: "2026/x.jpg" });
});

test("addresses and ARNs are understood", () => {
  expect(placeOf("s3://photos/x")).toEqual({ bucket: "photos", key: "x" });
  expect(placeOf("arn:aws:s3:::photos/a/b")).toEqual({ bucket: "photos", key: "a/b" });
});
