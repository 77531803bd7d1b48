import { DOMParser } from "@xmldom/xmldom";
import { expect, test } from "vitest";
import { toContent, toJson } from "./json";
import { readXml, writeXml } from "./xml";

const parser = new DOMParser() as unknown as globalThis.DOMParser;

test.each([
  [
    "LifecycleConfiguration",
    {
      Rules: [
        { ID: "a", Filter: {}, Status: "Enabled", Expiration: { Days: 30 } },
        {
          ID: "b",
          Filter: { And: { Prefix: "logs/", Tags: [{ Key: "k", Value: "v" }], ObjectSizeGreaterThan: 5 } },
          Status: "Disabled",
          NoncurrentVersionExpiration: { NoncurrentDays: 7, NewerNoncurrentVersions: 3 },
        },
        {
          Filter: { Tag: { Key: "k", Value: "1" } },
          Status: "Enabled",
          Expiration: { ExpiredObjectDeleteMarker: true },
        },
      ],
    },
  ],
  [
    "CORSConfiguration",
    {
      CORSRules: [
        { AllowedMethods: ["GET", "PUT"], AllowedOrigins: ["https://a.example"], MaxAgeSeconds: 60 },
      ],
    },
  ],
])("%s is the same after it was written and read", (root, json) => {
  expect(toJson(readXml(writeXml(root, toContent(json)), root, parser))).toEqual(json);
});

test("what cannot be a setting is refused with a sentence", () => {
  expect(() => toContent([1])).toThrow("has to be an object");
  expect(() => toContent({ Rules: { ID: "a" } })).toThrow("Rules is a list");
  expect(() => toContent({ "a b": 1 })).toThrow("no name");
  expect(() => toContent({ Rules: [null] })).toThrow("has to be an object");
});
