/** One file on its way into a bucket, and how it is cut into parts. */
import type { LogEvent } from "../event";
import type { Target } from "./transport";

/** Files above this are sent in parts: a part that fails is sent again, and not the file. */
export const PART_BYTES = 16 << 20;
/** Parts of an upload at most.
 *
 * Source: "Amazon S3 multipart upload limits", Amazon S3 User Guide.
 */
export const PARTS_MAX = 10_000;

/** `waiting`: its turn has not come. `conflict`: there is an object of this name, and the person has to say. */
export type Phase = "waiting" | "running" | "paused" | "conflict" | "failed" | "done";

export interface Transfer {
  readonly id: number;
  readonly batch: number;
  readonly target: Target;
  readonly body: Blob;
  readonly partBytes: number;
  phase: Phase;
  /** Why it failed or waits. */
  reason?: string;
  /** Whether an object of this name may be replaced. */
  mayReplace: boolean;
  /** Whether it was found that there is no such object yet. */
  isChecked: boolean;
  /** Bytes that the store has for good. */
  kept: number;
  /** Bytes of requests under way. */
  readonly flying: Map<number, number>;
  readonly requests: Set<AbortController>;
  uploadId?: string;
  /** The entity tags of parts that the store has, by their number from 1 on. */
  readonly etags: Map<number, string>;
  /** Failures in a row. */
  failures: number;
  /** Not tried again before this. */
  notBefore: number;
  requestId?: string;
  /** The event that it became, once it is known. */
  event?: LogEvent;
}

/** The size of the parts of a file: as small as the number of parts allows, in whole MiB. */
export function partBytesOf(size: number): number {
  const needed = Math.ceil(size / PARTS_MAX);
  return Math.max(PART_BYTES, Math.ceil(needed / (1 << 20)) * (1 << 20));
}

export function isInParts({ body }: Transfer): boolean {
  return body.size > PART_BYTES;
}

export function partsOf({ body, partBytes }: Transfer): number {
  return Math.ceil(body.size / partBytes);
}

/** The bytes that were sent, as far as is known. */
export function sentOf(transfer: Transfer): number {
  let sent = transfer.kept;
  for (const bytes of transfer.flying.values()) sent += bytes;
  return Math.min(sent, transfer.body.size);
}

/** What is to be asked of the store next for a transfer. */
export type Step =
  | { readonly what: "check" }
  | { readonly what: "put" }
  | { readonly what: "begin" }
  | { readonly what: "part"; readonly number: number }
  | { readonly what: "complete" };

/** The number by which requests that are no parts are known while they fly. */
const WHOLE = 0;

/** The next step; absent while what flies has to come back first, or there is nothing to do. */
export function nextStep(transfer: Transfer, now: number): Step | undefined {
  const { phase, flying, etags, mayReplace, isChecked, uploadId } = transfer;
  if ((phase !== "waiting" && phase !== "running") || transfer.notBefore > now) return undefined;
  if (flying.has(WHOLE)) return undefined;
  if (!isInParts(transfer)) return { what: "put" };
  if (!mayReplace && !isChecked) return { what: "check" };
  if (uploadId === undefined) return { what: "begin" };
  const parts = partsOf(transfer);
  if (etags.size === parts) return { what: "complete" };
  if (etags.size + flying.size === parts) return undefined;
  for (let number = 1; number <= parts; number += 1) {
    if (!etags.has(number) && !flying.has(number)) return { what: "part", number };
  }
  return undefined;
}

/** The number by which a step is known while it flies. */
export function numberOf(step: Step): number {
  return step.what === "part" ? step.number : WHOLE;
}
