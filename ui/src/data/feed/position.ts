/** The last position of the log that this tab has heard of. */
import { useSyncExternalStore } from "react";

let position = 0;
let shown = 0;
let isScheduled = false;
const listeners = new Set<() => void>();
/** How often the shown position changes at most, in milliseconds. */
const SHOW_EVERY_MS = 100;

/** Notes that the log has come to a sequence. */
export function reached(sequence: number): void {
  if (sequence <= position) return;
  position = sequence;
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    shown = position;
    for (const listener of listeners) listener();
  }, SHOW_EVERY_MS);
}

/** The position at once. */
export function positionNow(): number {
  return position;
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The position, for who shows it; 0 while it is not known. */
export function usePosition(): number {
  return useSyncExternalStore(listen, () => shown);
}
