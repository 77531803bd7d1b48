/** The events that the stream shows, and those that wait because they would move what is read. */
import type { LogEvent } from "@/data/event";

/** Events that are kept, and as many that wait. Older ones are on the log. */
export const KEPT_MAX = 2_000;

export interface Buffer {
  /** The newest first. */
  readonly shown: readonly LogEvent[];
  /** The newest first. */
  readonly held: readonly LogEvent[];
  /** Events that the store left out because they were too many a second, or that waited and were too many. */
  readonly leftOut: number;
}

export const EMPTY: Buffer = { shown: [], held: [], leftOut: 0 };

/** Takes events, in their order. While the reader reads, they wait. */
export function take(buffer: Buffer, events: readonly LogEvent[], isHolding: boolean): Buffer {
  const newest = events.toReversed();
  if (!isHolding)
    return { ...buffer, shown: [...newest, ...buffer.held, ...buffer.shown].slice(0, KEPT_MAX), held: [] };
  const held = [...newest, ...buffer.held];
  const surplus = Math.max(0, held.length - KEPT_MAX);
  return { ...buffer, held: held.slice(0, KEPT_MAX), leftOut: buffer.leftOut + surplus };
}

/** Shows what waits. */
export function release(buffer: Buffer): Buffer {
  if (buffer.held.length === 0) return buffer;
  return { ...buffer, shown: [...buffer.held, ...buffer.shown].slice(0, KEPT_MAX), held: [] };
}

/** Puts older events below the others. */
export function below(buffer: Buffer, older: readonly LogEvent[]): Buffer {
  const last = buffer.shown.at(-1) ?? buffer.held.at(-1);
  const fitting = last === undefined ? older : older.filter((event) => event.sequence < last.sequence);
  return { ...buffer, shown: [...buffer.shown, ...fitting].slice(0, KEPT_MAX) };
}

export function leaveOut(buffer: Buffer, count: number): Buffer {
  return { ...buffer, leftOut: buffer.leftOut + count };
}
