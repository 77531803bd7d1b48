import { expect, test } from "vitest";
import { Refused, Unreachable } from "../http";
import { type Batch, REQUESTS_MAX, TransferQueue, totalsOf } from "./queue";
import { Rate } from "./rate";
import { PART_BYTES, partBytesOf, sentOf } from "./transfer";
import type { Clock, Part, Sent, Target, Told, Transport } from "./transport";

/** A store that answers when the test says so. */
class Store implements Transport {
  readonly asked: string[] = [];
  readonly waiting: {
    what: string;
    told?: Told;
    answer: (value: never) => void;
    fail: (e: unknown) => void;
  }[] = [];
  most = 0;

  private ask<T>(what: string, signal?: AbortSignal, told?: Told): Promise<T> {
    this.asked.push(what);
    return new Promise<T>((answer, fail) => {
      const each = { what, told, answer: answer as (value: never) => void, fail };
      this.waiting.push(each);
      this.most = Math.max(this.most, this.waiting.length);
      signal?.addEventListener("abort", () => {
        this.waiting.splice(0, this.waiting.length, ...this.waiting.filter((other) => other !== each));
        fail(new DOMException("", "AbortError"));
      });
    });
  }

  async answer(what: string, value?: unknown): Promise<void> {
    this.take(what).answer((value ?? { etag: `e-${what}`, requestId: what }) as never);
    await settle();
  }

  async refuse(what: string, error: unknown): Promise<void> {
    this.take(what).fail(error);
    await settle();
  }

  private take(what: string) {
    const at = this.waiting.findIndex((each) => each.what === what);
    const found = this.waiting[at];
    if (found === undefined) throw new Error(`nobody asked for ${what}: ${this.waiting.map((w) => w.what)}`);
    this.waiting.splice(at, 1);
    return found;
  }

  exists = (t: Target, signal: AbortSignal) => this.ask<boolean>(`exists ${t.key}`, signal);
  put = (t: Target, _: Blob, isNew: boolean, told: Told) =>
    this.ask<Sent>(`put ${t.key}${isNew ? " new" : ""}`, told.signal, told);
  begin = (t: Target, signal: AbortSignal) => this.ask<string>(`begin ${t.key}`, signal);
  part = (t: Target, id: string, number: number, body: Blob, told: Told) =>
    this.ask<Sent>(`part ${t.key} ${id} ${number} ${body.size}`, told.signal, told);
  complete = (t: Target, id: string, parts: readonly Part[], _: boolean, signal: AbortSignal) =>
    this.ask<Sent>(`complete ${t.key} ${id} ${parts.map((p) => p.number).join(",")}`, signal);
  abort = async (t: Target, id: string) => void this.asked.push(`abort ${t.key} ${id}`);
}

class Time implements Clock {
  at = 1_000_000;
  private due: { at: number; call: () => void }[] = [];
  now = () => this.at;
  after = (ms: number, call: () => void) => {
    const each = { at: this.at + ms, call };
    this.due.push(each);
    return () => {
      this.due = this.due.filter((other) => other !== each);
    };
  };
  async pass(ms: number): Promise<void> {
    this.at += ms;
    const now = this.due.filter((each) => each.at <= this.at);
    this.due = this.due.filter((each) => each.at > this.at);
    for (const each of now) each.call();
    await settle();
  }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const file = (key: string, size = 3) => ({
  target: { bucket: "b", key, type: "text/plain" },
  body: { size, slice: (from: number, to: number) => ({ size: Math.min(to, size) - from }) } as Blob,
});

function world() {
  const [store, time] = [new Store(), new Time()];
  const queue = new TransferQueue(store, time, () => 0.5);
  const batches: Batch[] = [];
  queue.onBatch = (batch) => batches.push({ ...batch });
  const phases = () => queue.transfers.map((transfer) => transfer.phase);
  return { store, time, queue, batches, phases };
}

test("so many requests at a time, in the order of the files, and one word at the end", async () => {
  const { store, queue, batches, phases } = world();
  queue.add(
    "b",
    ["1", "2", "3", "4", "5", "6"].map((key) => file(key)),
    true,
  );
  expect(store.waiting.map((each) => each.what)).toEqual(["put 1", "put 2", "put 3", "put 4"]);
  for (const key of ["2", "1", "3", "4", "5"]) await store.answer(`put ${key}`);
  expect(batches).toEqual([]);
  await store.answer("put 6");
  expect(store.most).toBe(REQUESTS_MAX);
  expect(new Set(phases())).toEqual(new Set(["done"]));
  expect(batches).toMatchObject([{ done: 6, failed: 0, left: 0 }]);
  expect(queue.isBusy()).toBe(false);
});

test("files that are still to come count as files, and their bytes are not known", () => {
  const { queue } = world();
  const batch = queue.begin("b", 4);
  queue.extend(batch, [file("one")], false);
  const totals = totalsOf(queue.transfers, queue.coming);
  expect([totals.files, totals.coming]).toEqual([4, 3]);
  expect(totals.share).toBe(0);
  for (const transfer of queue.transfers) transfer.kept = transfer.body.size;
  expect(totalsOf(queue.transfers, queue.coming).share).toBe(1 / 4);
  queue.extend(batch, [file("two"), file("three"), file("four")], false);
  expect(queue.coming).toBe(0);
  expect(totalsOf(queue.transfers, queue.coming).files).toBe(4);
  queue.begin("b", 2);
  queue.forget();
  expect(queue.coming).toBe(0);
});

test("a batch whose files come one after another ends with the last of them", async () => {
  const { store, queue, batches } = world();
  const batch = queue.begin("b", 2);
  expect(queue.isBusy()).toBe(true);
  expect(queue.extend(batch, [file("one")], false)).toBe(true);
  await store.answer("put one new");
  expect([batches.length, queue.isBusy()]).toEqual([0, true]);
  expect(queue.extend(batch, [file("two")], false)).toBe(true);
  await store.answer("put two new");
  expect([batches.length, batches[0]?.done, queue.isBusy()]).toEqual([1, 2, false]);
  const paused = queue.begin("b", 1);
  queue.pauseAll();
  queue.extend(paused, [file("later")], false);
  expect(queue.transfers.at(-1)?.phase).toBe("paused");
  const forgotten = queue.begin("b", 1);
  queue.forget();
  expect(queue.extend(forgotten, [file("three")], false)).toBe(false);
  expect(queue.transfers).toEqual([]);
});

test("a large file goes in parts, side by side, and is completed in their order", async () => {
  const { store, queue, phases } = world();
  queue.add("b", [file("big", PART_BYTES * 5 + 1)], true);
  await store.answer("begin big", "u");
  expect(store.waiting).toHaveLength(REQUESTS_MAX);
  for (const number of [4, 2, 3, 1]) await store.answer(`part big u ${number} ${PART_BYTES}`);
  await store.answer(`part big u 6 1`);
  await store.answer(`part big u 5 ${PART_BYTES}`);
  await store.answer("complete big u 1,2,3,4,5,6");
  expect(phases()).toEqual(["done"]);
});

test("a paused file keeps the parts that the store has, and sends no others again", async () => {
  const { store, queue } = world();
  queue.add("b", [file("big", PART_BYTES * 3)], true);
  const [big] = queue.transfers;
  if (big === undefined) throw new Error("no transfer");
  await store.answer("begin big", "u");
  await store.answer(`part big u 2 ${PART_BYTES}`);
  store.waiting[0]?.told?.onProgress(1_000);
  expect(sentOf(big)).toBe(PART_BYTES + 1_000);
  queue.pause(big);
  await settle();
  expect([store.waiting.length, sentOf(big), queue.isBusy()]).toEqual([0, PART_BYTES, true]);
  queue.resume(big);
  expect(store.waiting.map((each) => each.what)).toEqual([
    `part big u 1 ${PART_BYTES}`,
    `part big u 3 ${PART_BYTES}`,
  ]);
});

test("while the store does not answer everything waits, and goes on by itself", async () => {
  const { store, time, queue, phases } = world();
  queue.add(
    "b",
    ["1", "2", "3", "4", "5"].map((key) => file(key)),
    true,
  );
  for (const key of ["1", "2", "3", "4"]) await store.refuse(`put ${key}`, new Unreachable());
  expect([store.waiting.length, new Set(phases())]).toEqual([0, new Set(["waiting"])]);
  expect(queue.heldUntil).toBeGreaterThan(time.now());
  await time.pass(60_000);
  expect(store.waiting).toHaveLength(REQUESTS_MAX);
});

test("what the store cannot do for a moment is tried again, and then a person is asked", async () => {
  const { store, time, queue, phases } = world();
  queue.add("b", [file("1"), file("2")], true);
  await store.answer("put 2");
  for (let time_ = 0; time_ < 5; time_ += 1) {
    await store.refuse("put 1", new Refused(503, "SlowDown", "Slow down."));
    expect([store.waiting.length, phases()[0]]).toEqual([0, "waiting"]);
    await time.pass(60_000);
  }
  await store.refuse("put 1", new Refused(503, "SlowDown", "Slow down."));
  await time.pass(60_000);
  expect([store.waiting.length, phases()[0], queue.transfers[0]?.reason]).toEqual([
    0,
    "failed",
    "Slow down.",
  ]);
  queue.resumeAll();
  await store.answer("put 1");
  expect(phases()).toEqual(["done", "done"]);
});

test("a part that failed is tried again although others went on meanwhile", async () => {
  const { store, time, queue, phases } = world();
  queue.add("b", [file("big", PART_BYTES * 2)], true);
  await store.answer("begin big", "u");
  await store.refuse(`part big u 1 ${PART_BYTES}`, new Refused(500, "InternalError", "Oops."));
  await store.answer(`part big u 2 ${PART_BYTES}`);
  await time.pass(60_000);
  await store.answer(`part big u 1 ${PART_BYTES}`);
  await store.answer("complete big u 1,2");
  expect(phases()).toEqual(["done"]);
});

test("a refusal is final for its file, and stops no other", async () => {
  const { store, queue, phases } = world();
  queue.add("b", [file("1"), file("2")], true);
  await store.refuse("put 1", new Refused(403, "AccessDenied", "No."));
  await store.answer("put 2");
  expect(phases()).toEqual(["failed", "done"]);
  expect(queue.isBusy()).toBe(true);
});

test("an object of the same name is replaced when the person says so", async () => {
  const { store, queue, phases } = world();
  queue.add("b", [file("1"), file("big", PART_BYTES + 1)], false);
  await store.refuse("put 1 new", new Refused(412, "PreconditionFailed", "There is one."));
  await store.answer("exists big", true);
  expect(phases()).toEqual(["conflict", "conflict"]);
  const [one, big] = queue.transfers;
  if (one === undefined || big === undefined) throw new Error("no transfers");
  queue.replace(one);
  queue.replace(big);
  expect(store.waiting.map((each) => each.what)).toEqual(["put 1", "begin big"]);
});

test("what is taken out is thrown away in the store, and its batch ends", async () => {
  const { store, queue, batches } = world();
  queue.add("b", [file("big", PART_BYTES * 2)], true);
  await store.answer("begin big", "u");
  const [big] = queue.transfers;
  if (big === undefined) throw new Error("no transfer");
  queue.remove(big);
  await settle();
  expect(store.asked.at(-1)).toBe("abort big u");
  expect([queue.transfers.length, batches[0]?.failed, store.waiting.length]).toEqual([0, 1, 0]);
});

test("an upload whose parts are gone begins anew", async () => {
  const { store, queue } = world();
  queue.add("b", [file("big", PART_BYTES * 2)], true);
  const [big] = queue.transfers;
  if (big === undefined) throw new Error("no transfer");
  await store.answer("begin big", "u");
  await store.answer(`part big u 1 ${PART_BYTES}`);
  await store.refuse(`part big u 2 ${PART_BYTES}`, new Refused(404, "NoSuchUpload", "Gone."));
  expect([big.phase, big.kept]).toEqual(["failed", 0]);
  queue.resume(big);
  expect(store.asked.at(-1)).toBe("begin big");
});

test("two thousand files are told of in few words", async () => {
  const { store, time, queue } = world();
  let told = 0;
  queue.listen(() => {
    told += 1;
  });
  queue.add(
    "b",
    Array.from({ length: 2_000 }, (_, n) => file(`k${n}`)),
    true,
  );
  for (let n = 0; n < 2_000; n += 1) {
    await store.answer(`put k${n}`);
    if (n % 100 === 0) await time.pass(20);
  }
  expect(totalsOf(queue.transfers)).toMatchObject({ files: 2_000, done: 2_000, sent: 6_000 });
  expect(told).toBeLessThan(10);
});

test("parts are as small as their number allows", () => {
  expect(partBytesOf(PART_BYTES + 1)).toBe(PART_BYTES);
  expect(Math.ceil(5e12 / partBytesOf(5e12))).toBeLessThanOrEqual(10_000);
});

test("the rate forgets what is long ago", () => {
  const rate = new Rate();
  rate.add(1_000_000, 0);
  rate.add(1_000_000, 1_000);
  expect(rate.perSecond(2_000)).toBe(1_000_000);
  expect(rate.perSecond(20_000)).toBe(0);
});
