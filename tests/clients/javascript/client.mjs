// The AWS SDK for JavaScript against a store: `node client.mjs SCENARIO BUCKET`. The store is named by the variables
// that the SDK reads. Exits with an error that says what was not as expected.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import * as sdk from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const MIB = 1024 * 1024;

// Every failure is shown: no second attempts.
const client = new sdk.S3Client({ forcePathStyle: true, maxAttempts: 1 });
const [scenario, bucket] = process.argv.slice(2);

const send = (command) => client.send(command);
const put = (Key, Body, more = {}) => send(new sdk.PutObjectCommand({ Bucket: bucket, Key, Body, ...more }));
const get = (Key, more = {}) => send(new sdk.GetObjectCommand({ Bucket: bucket, Key, ...more }));
const head = (Key) => send(new sdk.HeadObjectCommand({ Bucket: bucket, Key, ChecksumMode: "ENABLED" }));
const bytes = async (answer) => Buffer.from(await answer.Body.transformToByteArray());

/** Bytes that look random and are the same in every run. */
function content(seed, size) {
  const blocks = [];
  for (let at = 0; at < size; at += 32) blocks.push(createHash("sha256").update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

async function* pieces(data, size) {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

/** Refused with this name and status. */
async function refused(name, status, promise) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.name, error.$metadata?.httpStatusCode], [name, status], String(error));
    return true;
  });
}

const scenarios = {
  async objects() {
    const data = content("objects", 100_000);
    for (const [key, body] of [["empty", ""], ["text", "grüße"], ["dir/a b+c%&=?.txt", data]]) {
      const made = await put(key, body, { ContentType: "text/plain", Metadata: { colour: "blue" } });
      assert.ok(made.ChecksumCRC32, "the checksum that was sent is told back");
      const got = await get(key);
      assert.deepEqual(await bytes(got), Buffer.from(body));
      assert.deepEqual([got.ContentType, got.Metadata, got.ETag], ["text/plain", { colour: "blue" }, made.ETag]);
      assert.equal((await head(key)).ChecksumCRC32, made.ChecksumCRC32);
    }
    const part = await get("dir/a b+c%&=?.txt", { Range: "bytes=-10" });
    assert.deepEqual([await bytes(part), part.ContentRange], [data.subarray(-10), "bytes 99990-99999/100000"]);
    await send(new sdk.CopyObjectCommand({ Bucket: bucket, Key: "copy", CopySource: `${bucket}/text` }));
    assert.equal(await (await get("copy")).Body.transformToString(), "grüße");
    await put("text", "grüße", { Tagging: "colour=blue&of=a%20kind" });
    const { TagSet } = await send(new sdk.GetObjectTaggingCommand({ Bucket: bucket, Key: "text" }));
    assert.deepEqual(TagSet, [{ Key: "colour", Value: "blue" }, { Key: "of", Value: "a kind" }]);
    const told = await send(new sdk.GetObjectAttributesCommand({
      Bucket: bucket, Key: "text", ObjectAttributes: ["ETag", "ObjectSize", "Checksum"],
    }));
    const stored = await head("text");
    assert.deepEqual([told.ETag, told.ObjectSize, told.Checksum.ChecksumCRC32],
      [stored.ETag.replaceAll('"', ""), 7, stored.ChecksumCRC32]);
    await refused("NoSuchKey", 404, get("absent"));
    await refused("NotFound", 404, head("absent"));
    await refused("PreconditionFailed", 412, put("text", "other", { IfNoneMatch: "*" }));

    const keys = [];
    for await (const page of sdk.paginateListObjectsV2({ client, pageSize: 2 }, { Bucket: bucket })) {
      keys.push(...(page.Contents ?? []).map((entry) => entry.Key));
    }
    assert.deepEqual(keys, ["copy", "dir/a b+c%&=?.txt", "empty", "text"]);
    const gone = await send(new sdk.DeleteObjectsCommand({
      Bucket: bucket, Delete: { Objects: keys.map((Key) => ({ Key })) },
    }));
    assert.equal(gone.Deleted.length, keys.length);
    await sdk.waitUntilObjectNotExists({ client, maxWaitTime: 10 }, { Bucket: bucket, Key: "text" });
    assert.equal((await send(new sdk.ListObjectsV2Command({ Bucket: bucket }))).KeyCount, 0);
  },

  // A stream has no length and no checksum beforehand: aws-chunked with a trailer, inside of HTTP's own chunks.
  async streams() {
    for (const size of [0, 5, 3 * MIB + 7]) {
      const data = content("stream", size);
      const made = await put("k", Readable.from(pieces(data, 100_003), { objectMode: false }), { ContentLength: size });
      assert.ok(made.ChecksumCRC32);
      const got = await get("k");
      assert.deepEqual(await buffer(got.Body), data);
      assert.equal(got.ContentEncoding, undefined, "the framing is no encoding of the object");
    }
    const program = process.argv[1];
    await put("file", createReadStream(program));
    assert.equal(await text((await get("file")).Body), await readFile(program, "utf8"));
  },

  async multipart() {
    const data = content("multipart", 12 * MIB + 5);
    const upload = new Upload({
      client, partSize: 5 * MIB, queueSize: 3,
      params: { Bucket: bucket, Key: "dir/large", Body: Readable.from(pieces(data, 777_777), { objectMode: false }) },
    });
    let told = 0;
    upload.on("httpUploadProgress", ({ loaded }) => { told = Math.max(told, loaded); });
    const done = await upload.done();
    assert.equal(told, data.length);
    assert.match(done.ETag, /-3"$/);
    assert.deepEqual(await buffer((await get("dir/large")).Body), data);
    const second = await get("dir/large", { PartNumber: 2 });
    assert.deepEqual([second.PartsCount, await bytes(second)], [3, data.subarray(5 * MIB, 10 * MIB)]);
    await new Upload({ client, params: { Bucket: bucket, Key: "small", Body: "one part is none" } }).done();
    assert.equal(await (await get("small")).Body.transformToString(), "one part is none");

    const aborted = new Upload({ client, params: { Bucket: bucket, Key: "never", Body: content("x", 6 * MIB) } });
    const outcome = assert.rejects(aborted.done());
    await aborted.abort();
    await outcome;
    await refused("NotFound", 404, head("never"));
  },

  async presigned() {
    const sign = (command, more) => getSignedUrl(client, command, { expiresIn: 60, ...more });
    const target = { Bucket: bucket, Key: "a b+c/ü" };
    // The URL names the checksum of an empty body; what is sent with it is another one.
    const url = await sign(new sdk.PutObjectCommand({ ...target, ContentType: "text/plain" }));
    const answer = await fetch(url, { method: "PUT", body: "presigned", headers: { "content-type": "text/plain" } });
    assert.equal(answer.status, 200, `${url}\n${await answer.text()}`);
    const read = await fetch(await sign(new sdk.GetObjectCommand(target)));
    assert.deepEqual([read.status, await read.text(), read.headers.get("content-type")],
      [200, "presigned", "text/plain"]);
    assert.equal((await fetch(await sign(new sdk.HeadObjectCommand(target)), { method: "HEAD" })).status, 200);
    const named = await sign(new sdk.GetObjectCommand({
      ...target, ResponseContentDisposition: 'attachment; filename="x.txt"',
    }));
    assert.equal((await fetch(named)).headers.get("content-disposition"), 'attachment; filename="x.txt"');

    const { UploadId } = await send(new sdk.CreateMultipartUploadCommand(target));
    const part = await sign(new sdk.UploadPartCommand({ ...target, UploadId, PartNumber: 1 }));
    const sent = await fetch(part, { method: "PUT", body: content("part", 1000) });
    assert.equal(sent.status, 200, await sent.text());
    const Parts = [{ PartNumber: 1, ETag: sent.headers.get("etag") }];
    await send(new sdk.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
    assert.deepEqual(await bytes(await get(target.Key)), content("part", 1000));
    assert.equal((await fetch(await sign(new sdk.DeleteObjectCommand(target)), { method: "DELETE" })).status, 204);
    const forged = (await sign(new sdk.GetObjectCommand(target))).replace(/Signature=..../, "Signature=0000");
    assert.equal((await fetch(forged)).status, 403);
  },
};

assert.ok(scenario in scenarios, `there is no scenario ${scenario}`);
await scenarios[scenario]();
