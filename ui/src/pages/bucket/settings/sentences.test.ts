import { expect, test } from "vitest";
import { corsInWords, lifecycleInWords } from "./sentences";

test("a rule for all objects", () => {
  expect(lifecycleInWords({ Filter: {}, Status: "Enabled", Expiration: { Days: 1 } })).toEqual([
    "All objects expire 1 day after they were written.",
  ]);
});

test("a rule with conditions says all of them", () => {
  const Filter = {
    And: {
      Prefix: "logs/",
      Tags: [{ Key: "kind", Value: "raw" }],
      ObjectSizeGreaterThan: 1_024,
      ObjectSizeLessThan: 1_048_576,
    },
  };
  expect(lifecycleInWords({ Filter, Expiration: { Date: "2027-01-01T00:00:00Z" } })).toEqual([
    "Objects that begin with logs/, are tagged kind=raw, are larger than 1 KiB and are smaller than 1 MiB expire on 2027-01-01.",
  ]);
});

test("versions, marks and uploads have sentences of their own", () => {
  expect(
    lifecycleInWords({
      Filter: { Prefix: "a/" },
      Expiration: { ExpiredObjectDeleteMarker: true },
      NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 2 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    }),
  ).toEqual([
    "Of objects that begin with a/, delete markers are removed when they hide no version any more.",
    "Of objects that begin with a/, versions expire 30 days after they were replaced, but the newest 2 versions of them stay.",
    "Uploads of keys that begin with a/ that are not completed are aborted after 7 days.",
  ]);
});

test("a rule without words says so", () => {
  expect(lifecycleInWords({ Filter: {} })).toEqual(["This rule does nothing that this page has words for."]);
});

test("origins and methods", () => {
  expect(corsInWords({ AllowedOrigins: ["*"], AllowedMethods: ["GET", "HEAD"], MaxAgeSeconds: 60 })).toBe(
    "Pages of every origin may send GET and HEAD. Browsers remember this for 60 seconds.",
  );
  expect(
    corsInWords({
      AllowedOrigins: ["https://a.example"],
      AllowedMethods: ["PUT"],
      AllowedHeaders: ["*"],
      ExposeHeaders: ["ETag"],
    }),
  ).toBe("Pages of https://a.example may send PUT, with the headers *, and read ETag.");
});
