import { useEffect, useRef, useSyncExternalStore } from "react";
import { connection, type Link } from "./connection";
import type { Told, Wanted } from "./wanted";

export { positionNow, usePosition } from "./position";
export type { EventFilter, LogFilter, Told, Wanted } from "./wanted";
export type { Link };

/** Subscribes outside of components. What is returned ends it. */
export const subscribe = connection.subscribe.bind(connection);

/** Tries to connect now. */
export const retryNow = connection.retryNow.bind(connection);

/** The state of the connection. */
export function useLink(): Link {
  return useSyncExternalStore(connection.listen, connection.get);
}

/** Subscribes as long as the component is there. It subscribes anew when `wanted` says something else. */
export function useFeed(wanted: Wanted | undefined, told: Told): void {
  const now = useRef(told);
  now.current = told;
  const key = wanted === undefined ? undefined : JSON.stringify(wanted);
  useEffect(() => {
    if (key === undefined) return;
    return subscribe(JSON.parse(key) as Wanted, {
      onEvents: (events) => now.current.onEvents?.(events),
      onData: (data) => now.current.onData?.(data),
      onSkipped: (count, until) => now.current.onSkipped?.(count, until),
      onBehind: (entries) => now.current.onBehind?.(entries),
      onRefused: (code, message) => now.current.onRefused?.(code, message),
    });
  }, [key]);
}
