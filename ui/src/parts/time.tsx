import { useSyncExternalStore } from "react";
import { duration, exactTime, relative } from "./format";

/** How often relative times change, in milliseconds. */
const EVERY_MS = 1_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The present, as text that is made of it; it renders when the text changes. */
export function useNow<T extends string | number>(of: (now: number) => T): T {
  return useSyncExternalStore(listen, () =>
    of(timer === undefined ? Math.floor(Date.now() / 1_000) * 1_000 : now),
  );
}

/** How long ago something was, with the exact time on hover. */
export function Ago({ time, className }: { time: string; className?: string }) {
  const text = useNow((present) => relative(time, present));
  return (
    <time dateTime={time} title={exactTime(time)} className={className}>
      {text}
    </time>
  );
}

/** How long something has been so: `for 5 min`. */
export function Lasting({ since, className }: { since: string; className?: string }) {
  const text = useNow((present) => duration((present - new Date(since).getTime()) / 1_000));
  return (
    <time dateTime={since} title={`since ${exactTime(since)}`} className={className}>
      for {text}
    </time>
  );
}
