/** What was done, said once, with the event that it became. */
import { Toast } from "@base-ui/react/toast";
import type { LogEvent } from "@/data/event";
import { visible } from "../format";

export interface Said {
  readonly event?: LogEvent;
  /** Whether the event is still looked for. */
  readonly isPending?: boolean;
}

/** How long a toast stays, in milliseconds: long enough to come to its event by keyboard. */
const STAYS_MS = 12_000;

export const toasts = Toast.createToastManager<Said>();

/** How many sentences wait for the toasts, which are loaded after the page. */
const WAITING_MAX = 20;

/** Sentences that came before the toasts, oldest first; absent while there are toasts to show them. */
let waiting: (() => void)[] | undefined = [];

/** Shows what waited, and from now on everything at once. Returns what ends that. */
export function showToasts(): () => void {
  const before = waiting ?? [];
  waiting = undefined;
  for (const show of before) show();
  return () => {
    waiting = [];
  };
}

function whenShown(show: () => void): void {
  if (waiting === undefined) return show();
  waiting.push(show);
  if (waiting.length > WAITING_MAX) waiting.shift();
}

/** Says what was done. The event may come later, or not be found. Sentences name keys, so what is hidden in them is shown. */
export function announce(said: string, event?: Promise<LogEvent | undefined>): void {
  const sentence = visible(said);
  whenShown(() => {
    const id = toasts.add({ title: sentence, timeout: STAYS_MS, data: { isPending: event !== undefined } });
    event?.then(
      (found) => toasts.update(id, { title: sentence, timeout: STAYS_MS, data: { event: found } }),
      () => toasts.update(id, { title: sentence, timeout: STAYS_MS, data: {} }),
    );
  });
}

/** Says that something failed that has no place of its own on the page. */
export function complain(sentence: string): void {
  whenShown(() =>
    toasts.add({ title: visible(sentence), type: "error", timeout: STAYS_MS, priority: "high", data: {} }),
  );
}
