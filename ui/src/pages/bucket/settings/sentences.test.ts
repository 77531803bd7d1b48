import { expect, test } from "vitest";
import { corsInWords, lifecycleInWords, replicationInWords } from "./sentences";

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

test("a replication rule says where to, and what goes with the objects", () => {
  const rule = {
    Priority: 1,
    Filter: { Prefix: "a/" },
    DeleteMarkerReplication: { Status: "Disabled" },
    Destination: { Bucket: "arn:aws:s3:us-west-2::there" },
  };
  expect(replicationInWords(rule)).toEqual([
    "Objects that begin with a/ are replicated to there in us-west-2.",
    "Delete markers are not replicated.",
  ]);
  const more = {
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Enabled" },
    DeleteReplication: { Status: "Enabled" },
    ExistingObjectReplication: { Status: "Enabled" },
    SourceSelectionCriteria: { ReplicaModifications: { Status: "Enabled" } },
    Destination: { Bucket: "arn:aws:s3:::there", StorageClass: "STANDARD_IA" },
  };
  expect(replicationInWords(more)).toEqual([
    "All objects are replicated to there in the region of the only link.",
    "Delete markers are replicated, too.",
    "Versions from before the rule are replicated, too.",
    "Permanent deletions of versions are replicated, too.",
    "Changes of tags and locks of replicas are replicated, too.",
    "The replicas have the storage class STANDARD_IA.",
  ]);
});

test("the older form of a replication rule replicates delete markers", () => {
  const rule = { Prefix: "a/", Destination: { Bucket: "arn:aws:s3:::there" } };
  expect(replicationInWords(rule)).toContain("Delete markers are replicated, too.");
});
