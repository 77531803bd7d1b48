/**
 * Uploads: which request is sent next, what is tried again, and what a person has to decide.
 *
 * Requests of all files share one number of connections, so that the page's own requests find one too. While the store does
 * not answer, everything waits and goes on by itself; what the store refused is a failure of its file alone.
 */
import { backoff } from "../feed/backoff";
import { Refused, Unreachable } from "../http";
import { Rate } from "./rate";
import { nextStep, numberOf, type Phase, partBytesOf, type Step, sentOf, type Transfer } from "./transfer";
import type { Clock, Sent, Target, Transport } from "./transport";

/** Requests at a time. A browser has six connections to an address. */
export const REQUESTS_MAX = 4;
/** Failures in a row after which a file waits for a person. */
const FAILURES_MAX = 6;
/** How often who watches is told, in milliseconds. */
const TELL_EVERY_MS = 150;

export interface Batch {
  readonly id: number;
  readonly bucket: string;
  done: number;
  failed: number;
  /** Files that are not done. */
  left: number;
  /** Files that are known to come, of which nothing else is known yet. */
  coming: number;
  /** Whether files that come later wait for the person, as those that are there. */
  isPaused: boolean;
  last?: Transfer;
}

export interface Added {
  readonly target: Target;
  readonly body: Blob;
}

export class TransferQueue {
  /** All transfers that were not dismissed, in their order. */
  readonly transfers: Transfer[] = [];
  readonly rate = new Rate();
  /** Until when everything waits because the store does not answer. */
  heldUntil = 0;
  /** Grows with every change that was told. */
  version = 0;
  onBatch: ((batch: Batch) => void) | undefined;
  onDone: ((transfer: Transfer) => void) | undefined;

  private readonly open: Transfer[] = [];
  private readonly batches = new Map<number, Batch>();
  private readonly listeners = new Set<() => void>();
  private requests = 0;
  private counter = 0;
  private lost = 0;
  private isTelling = false;
  private endWait: (() => void) | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {}

  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Adds files as one batch, and says its number; absent if there are none. */
  add(bucket: string, added: readonly Added[], mayReplace: boolean): number | undefined {
    if (added.length === 0) return undefined;
    const batch = this.begin(bucket, added.length);
    this.extend(batch, added, mayReplace);
    return batch;
  }

  /** Begins a batch of files that come later, and says its number. */
  begin(bucket: string, files: number): number {
    this.counter += 1;
    const id = this.counter;
    this.batches.set(id, { id, bucket, done: 0, failed: 0, left: files, coming: files, isPaused: false });
    return id;
  }

  /** Files of all batches that are known to come, and whose sizes are not known yet. */
  get coming(): number {
    return [...this.batches.values()].reduce((sum, batch) => sum + batch.coming, 0);
  }

  /** Adds files of a batch. Says whether it is still wanted. */
  extend(batch: number, added: readonly Added[], mayReplace: boolean): boolean {
    const whole = this.batches.get(batch);
    if (whole === undefined) return false;
    whole.coming -= added.length;
    for (const { target, body } of added) {
      this.counter += 1;
      const transfer: Transfer = {
        id: this.counter,
        batch,
        target,
        body,
        partBytes: partBytesOf(body.size),
        phase: whole.isPaused ? "paused" : "waiting",
        mayReplace,
        isChecked: false,
        kept: 0,
        flying: new Map(),
        requests: new Set(),
        etags: new Map(),
        failures: 0,
        notBefore: 0,
      };
      this.transfers.push(transfer);
      this.open.push(transfer);
    }
    this.pump();
    this.tell();
    return true;
  }

  pause(transfer: Transfer): void {
    if (transfer.phase !== "waiting" && transfer.phase !== "running") return;
    this.halt(transfer, "paused");
    this.pump();
  }

  /** Goes on with what was paused, failed, or waits for a decision. */
  resume(transfer: Transfer): void {
    if (transfer.phase === "done" || transfer.phase === "waiting" || transfer.phase === "running") return;
    transfer.phase = "waiting";
    transfer.reason = undefined;
    transfer.failures = 0;
    transfer.notBefore = 0;
    this.heldUntil = 0;
    this.pump();
    this.tell();
  }

  /** Goes on although there is an object of this name. */
  replace(transfer: Transfer): void {
    transfer.mayReplace = true;
    this.resume(transfer);
  }

  /** Takes a transfer out. The store throws away the parts that it has. */
  remove(transfer: Transfer): void {
    const isDone = transfer.phase === "done";
    this.halt(transfer, isDone ? "done" : "failed");
    this.transfers.splice(this.transfers.indexOf(transfer), 1);
    if (!isDone) {
      this.settle(transfer, false);
      if (transfer.uploadId !== undefined) void this.transport.abort(transfer.target, transfer.uploadId);
    }
    this.pump();
  }

  /** Takes out what is done. */
  clearDone(): void {
    const kept = this.transfers.filter(({ phase }) => phase !== "done");
    this.transfers.splice(0, this.transfers.length, ...kept);
    this.tell();
  }

  pauseAll(): void {
    for (const batch of this.batches.values()) batch.isPaused = true;
    for (const transfer of [...this.open]) this.pause(transfer);
  }

  resumeAll(): void {
    for (const batch of this.batches.values()) batch.isPaused = false;
    for (const transfer of this.open) {
      if (transfer.phase === "paused" || transfer.phase === "failed") this.resume(transfer);
    }
  }

  /** Forgets everything, without a word to the store: another person has signed in. */
  forget(): void {
    for (const transfer of [...this.open]) this.halt(transfer, "failed");
    this.open.length = 0;
    this.transfers.length = 0;
    this.batches.clear();
    this.tell();
  }

  /** Whether something would be lost if the page went away. */
  isBusy(): boolean {
    return this.open.length > 0 || this.batches.size > 0;
  }

  private halt(transfer: Transfer, phase: Phase): void {
    transfer.phase = phase;
    for (const request of transfer.requests) request.abort();
    transfer.requests.clear();
    transfer.flying.clear();
    this.tell();
  }

  /** Sends as many requests as may be sent. */
  private pump(): void {
    const now = this.clock.now();
    if (this.heldUntil > now) return this.wake(this.heldUntil);
    let soonest = Number.POSITIVE_INFINITY;
    for (const transfer of this.open) {
      for (;;) {
        if (this.requests >= REQUESTS_MAX) return;
        const step = nextStep(transfer, now);
        if (step === undefined) break;
        void this.run(transfer, step);
      }
      if (transfer.notBefore > now) soonest = Math.min(soonest, transfer.notBefore);
    }
    if (Number.isFinite(soonest)) this.wake(soonest);
  }

  private wake(at: number): void {
    this.endWait?.();
    this.endWait = this.clock.after(Math.max(1, at - this.clock.now()), () => {
      this.endWait = undefined;
      this.pump();
    });
  }

  private async run(transfer: Transfer, step: Step): Promise<void> {
    const request = new AbortController();
    const number = numberOf(step);
    transfer.phase = "running";
    transfer.requests.add(request);
    transfer.flying.set(number, 0);
    this.requests += 1;
    const isCurrent = () => transfer.requests.has(request);
    const onProgress = (bytes: number) => {
      if (!isCurrent()) return;
      this.rate.add(Math.max(0, bytes - (transfer.flying.get(number) ?? 0)), this.clock.now());
      transfer.flying.set(number, bytes);
      this.tell();
    };
    try {
      const sent = await this.send(transfer, step, { onProgress, signal: request.signal });
      if (isCurrent()) this.took(transfer, step, sent);
    } catch (error) {
      if (isCurrent()) this.failed(transfer, error);
    } finally {
      this.requests -= 1;
      if (transfer.requests.delete(request)) transfer.flying.delete(number);
      if (transfer.phase === "running" && transfer.requests.size === 0) transfer.phase = "waiting";
      this.pump();
      this.tell();
    }
  }

  private send(
    transfer: Transfer,
    step: Step,
    told: { onProgress: (bytes: number) => void; signal: AbortSignal },
  ): Promise<Sent | string | boolean> {
    const { target, body, uploadId = "", partBytes, mayReplace } = transfer;
    switch (step.what) {
      case "check":
        return this.transport.exists(target, told.signal);
      case "put":
        return this.transport.put(target, body, !mayReplace, told);
      case "begin":
        return this.transport.begin(target, told.signal);
      case "part": {
        const from = (step.number - 1) * partBytes;
        return this.transport.part(target, uploadId, step.number, body.slice(from, from + partBytes), told);
      }
      case "complete": {
        const parts = [...transfer.etags].map(([number, etag]) => ({ number, etag }));
        parts.sort((a, b) => a.number - b.number);
        return this.transport.complete(target, uploadId, parts, !mayReplace, told.signal);
      }
    }
  }

  private took(transfer: Transfer, step: Step, answer: Sent | string | boolean): void {
    this.lost = 0;
    transfer.failures = 0;
    transfer.reason = undefined;
    if (typeof answer === "boolean") {
      transfer.isChecked = true;
      if (answer) transfer.phase = "conflict";
    } else if (typeof answer === "string") {
      transfer.uploadId = answer;
    } else if (step.what === "part") {
      transfer.etags.set(step.number, answer.etag);
      const last = transfer.body.size - (step.number - 1) * transfer.partBytes;
      transfer.kept += Math.min(transfer.partBytes, last);
    } else {
      transfer.kept = transfer.body.size;
      transfer.phase = "done";
      transfer.requestId = answer.requestId;
      this.onDone?.(transfer);
      this.settle(transfer, true);
    }
  }

  private failed(transfer: Transfer, error: unknown): void {
    if (error instanceof Unreachable) {
      this.heldUntil = this.clock.now() + backoff(this.lost, this.random);
      this.lost += 1;
      return;
    }
    const message = error instanceof Error ? error.message : "It failed.";
    if (error instanceof Refused && error.status === 412) return this.halt(transfer, "conflict");
    if (error instanceof Refused && error.code === "NoSuchUpload") {
      // The parts are gone; trying again begins anew.
      transfer.uploadId = undefined;
      transfer.etags.clear();
      transfer.kept = 0;
    }
    transfer.reason = message;
    transfer.failures += 1;
    const isPassing = error instanceof Refused && (error.status >= 500 || error.status === 429);
    if (!isPassing || transfer.failures >= FAILURES_MAX) return this.halt(transfer, "failed");
    const asked = error.retryAfter === undefined ? 0 : error.retryAfter * 1_000;
    transfer.notBefore = this.clock.now() + Math.max(asked, backoff(transfer.failures, this.random));
  }

  /** A transfer is done or was taken out. */
  private settle(transfer: Transfer, isDone: boolean): void {
    const at = this.open.indexOf(transfer);
    if (at >= 0) this.open.splice(at, 1);
    const batch = this.batches.get(transfer.batch);
    if (batch === undefined) return;
    batch.left -= 1;
    if (isDone) {
      batch.done += 1;
      batch.last = transfer;
    } else batch.failed += 1;
    if (batch.left > 0) return;
    this.batches.delete(batch.id);
    this.onBatch?.(batch);
  }

  private tell(): void {
    if (this.isTelling) return;
    this.isTelling = true;
    this.clock.after(TELL_EVERY_MS, () => {
      this.isTelling = false;
      this.version += 1;
      for (const listener of this.listeners) listener();
    });
  }
}

export interface Totals {
  readonly files: number;
  /** Files that are counted among them, and whose bytes are not: the sum of bytes is at least what it says. */
  readonly coming: number;
  readonly done: number;
  readonly failed: number;
  readonly waiting: number;
  readonly paused: number;
  readonly conflicts: number;
  readonly bytes: number;
  readonly sent: number;
  /** How much of it is done, from 0 to 1. Of files whose sizes are not known, each counts alike. */
  readonly share: number;
}

/** The sums over all transfers, and the files that are still to come. */
export function totalsOf(transfers: readonly Transfer[], coming = 0): Totals {
  const counts = { waiting: 0, running: 0, paused: 0, conflict: 0, failed: 0, done: 0 };
  let [bytes, sent] = [0, 0];
  for (const transfer of transfers) {
    counts[transfer.phase] += 1;
    bytes += transfer.body.size;
    sent += sentOf(transfer);
  }
  const files = transfers.length + coming;
  const ofBytes = bytes === 0 ? 1 : sent / bytes;
  return {
    files,
    coming,
    done: counts.done,
    failed: counts.failed,
    waiting: counts.waiting + counts.running,
    paused: counts.paused,
    conflicts: counts.conflict,
    bytes,
    sent,
    share: coming === 0 ? ofBytes : (ofBytes * transfers.length) / files,
  };
}
