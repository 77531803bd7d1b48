import { DOMParser } from "@xmldom/xmldom";
import { expect, test } from "vitest";
import { bucketAddress, hasAddress, objectAddress } from "./address";
import { readXml, writeXml } from "./xml";

const parser = new DOMParser() as unknown as globalThis.DOMParser;

test("children are found by their name, whatever their namespace", () => {
  const text =
    '<?xml version="1.0"?><R xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><A>1</A><B><A>2</A></B><A>3</A></R>';
  const root = readXml(text, "R", parser);
  expect(root.children("A").map((each) => each.content)).toEqual(["1", "3"]);
  expect(root.child("B")?.number("A")).toBe(2);
  expect(root.text("C")).toBeUndefined();
});

test("what has to be there and is not, is said", () => {
  const root = readXml("<R><N>many</N></R>", "R", parser);
  expect(() => root.need("Key")).toThrow("no Key");
  expect(() => root.number("N")).toThrow("no number");
  expect(() => readXml("<Error/>", "R", parser)).toThrow("no R");
});

test("characters that XML does not have do not spoil an answer", () => {
  expect(readXml("<R><K>a&#x1;b&#10;&#xD800;&amp;</K></R>", "R", parser).need("K")).toBe("a\uFFFDb\n\uFFFD&");
});

test("what is written is read again", () => {
  const key = "a<b>&\"c'\td\u{1f680}\u{5d0}";
  const text = writeXml("Delete", {
    Object: [{ Key: key }, { Key: "x", VersionId: undefined }],
    Quiet: true,
  });
  const root = readXml(text, "Delete", parser);
  expect(root.children("Object").map((each) => each.need("Key"))).toEqual([key, "x"]);
  expect(root.is("Quiet")).toBe(true);
  expect(text).not.toContain("VersionId");
});

test("addresses keep every byte of a key", () => {
  expect(objectAddress("photos", "a/../b c+d?e#f%")).toBe("/api/v1/s3/photos/a%2F..%2Fb%20c%2Bd%3Fe%23f%25");
  expect(objectAddress("photos", "\u{1f680}/\u{5d0}", { versionId: "a+b" })).toBe(
    "/api/v1/s3/photos/%F0%9F%9A%80%2F%D7%90?versionId=a%2Bb",
  );
  expect(bucketAddress("photos", { tagging: "", "max-keys": 5, prefix: undefined })).toBe(
    "/api/v1/s3/photos?tagging&max-keys=5",
  );
  expect(objectAddress("photos", "..", { tagging: "" })).toBe(
    "/api/v1/s3/photos?x-planetstore-key=..&tagging",
  );
  expect([hasAddress(".."), hasAddress("a/.."), hasAddress("a\uFFFD")]).toEqual([true, true, false]);
});
