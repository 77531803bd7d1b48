/** What was done, said once, with the event that it became. */
import { Toast } from "@base-ui/react/toast";
import type { LogEvent } from "@/data/event";

export interface Said {
  readonly event?: LogEvent;
  /** Whether the event is still looked for. */
  readonly isPending?: boolean;
}

/** How long a toast stays, in milliseconds: long enough to come to its event by keyboard. */
const STAYS_MS = 12_000;

export const toasts = Toast.createToastManager<Said>();

/** Says what was done. The event may come later, or not be found. */
export function announce(sentence: string, event?: Promise<LogEvent | undefined>): void {
  const id = toasts.add({ title: sentence, timeout: STAYS_MS, data: { isPending: event !== undefined } });
  event?.then(
    (found) => toasts.update(id, { title: sentence, timeout: STAYS_MS, data: { event: found } }),
    () => toasts.update(id, { title: sentence, timeout: STAYS_MS, data: {} }),
  );
}

/** Says that something failed that has no place of its own on the page. */
export function complain(sentence: string): void {
  toasts.add({ title: sentence, type: "error", timeout: STAYS_MS, priority: "high", data: {} });
}
