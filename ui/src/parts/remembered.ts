import { useSyncExternalStore } from "react";

const known = new Map<string, boolean>();
const listeners = new Set<() => void>();

function stored(key: string, initial: boolean): boolean {
  try {
    return (localStorage.getItem(key) ?? String(initial)) === "true";
  } catch {
    return initial;
  }
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * A choice about the page that is remembered in this browser, the same wherever it is asked for. Never anything of the
 * store.
 */
export function useRemembered(name: string, initial: boolean): [boolean, (is: boolean) => void] {
  const key = `planetstore.${name}`;
  const is = useSyncExternalStore(listen, () => {
    if (!known.has(key)) known.set(key, stored(key, initial));
    return known.get(key) ?? initial;
  });
  return [
    is,
    (next) => {
      known.set(key, next);
      try {
        localStorage.setItem(key, String(next));
      } catch {
        // Without storage the choice lasts as long as the page.
      }
      for (const listener of listeners) listener();
    },
  ];
}
