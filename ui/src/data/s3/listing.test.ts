import { DOMParser } from "@xmldom/xmldom";
import { expect, test } from "vitest";
import { decoded, readObjects, readVersions, readWithDeleted } from "./listing";

const parser = new DOMParser() as unknown as globalThis.DOMParser;
const object = (key: string, size = 1) =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-22T12:00:00.000Z</LastModified><ETag>&quot;abc&quot;</ETag><Size>${size}</Size></Contents>`;
const version = (name: string, key: string, id: string, isLatest: boolean, time: string) =>
  `<${name}><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest><LastModified>${time}</LastModified>${name === "Version" ? "<ETag>&quot;e&quot;</ETag><Size>7</Size>" : ""}</${name}>`;

test("folders and objects are in the order of keys", () => {
  const page = readObjects(
    `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>${object("a.txt")}${object("c", 1e15)}<CommonPrefixes><Prefix>b%2F</Prefix></CommonPrefixes></ListBucketResult>`,
    parser,
  );
  expect(page.rows.map((row) => [row.kind, row.key])).toEqual([
    ["object", "a.txt"],
    ["folder", "b/"],
    ["object", "c"],
  ]);
  expect(page.rows[2]).toMatchObject({ size: 1e15, etag: "abc" });
  expect(page.next).toEqual({ "continuation-token": "t" });
});

test("a page that is the last has no next, whatever it says besides", () => {
  const text = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
  expect(readObjects(text, parser)).toEqual({ rows: [], next: undefined });
});

test("keys are decoded, also those that are no UTF-8", () => {
  expect(decoded("a%2Fb+c%2B%F0%9F%9A%80")).toBe("a/b c+\u{1f680}");
  expect(decoded("x%FFy")).toBe("x\uFFFDy");
});

test("versions are newest first, and what is deleted is a row of its own", () => {
  const text = `<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k%2F</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>
    ${version("Version", "k", "v1", false, "2026-11-22T12:00:00.000Z")}
    ${version("DeleteMarker", "k", "m1", true, "2026-11-22T12:00:01.000Z")}
    ${version("Version", "l", "v2", true, "2026-11-22T12:00:00.000Z")}</ListVersionsResult>`;
  const { versions, next } = readVersions(text, parser);
  expect(versions.map(({ key, id }) => `${key} ${id}`)).toEqual(["k m1", "k v1", "l v2"]);
  expect(next).toEqual({ "key-marker": "k/", "version-id-marker": "v1" });
  expect(readWithDeleted(text, parser).rows.map((row) => [row.kind, row.key])).toEqual([
    ["deleted", "k"],
    ["object", "l"],
  ]);
});
