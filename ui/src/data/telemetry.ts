/** Figures of the moment, one tick a second, and those of the last 24 hours. */
import { queryOptions } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import * as z from "zod/mini";
import { getTelemetry, listActiveUsers, Tick } from "@/generated/api";
import { call } from "./call";
import { subscribe } from "./feed";

export type { Tick };

/** Ticks that are kept for charts of the last minutes. */
const TICKS_MAX = 300;

interface Live {
  readonly ticks: readonly Tick[];
  /** Why there are none. */
  readonly refused?: string;
}

let live: Live = { ticks: [] };
let end: (() => void) | undefined;
const listeners = new Set<() => void>();

function set(next: Live): void {
  live = next;
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  end ??= subscribe(
    { source: "telemetry" },
    {
      onData: (data) => {
        const ticks = data
          .map((tick) => z.safeParse(Tick, tick))
          .flatMap((parsed) => (parsed.success ? [parsed.data] : []));
        if (ticks.length > 0) set({ ticks: [...live.ticks, ...ticks].slice(-TICKS_MAX) });
      },
      onRefused: (_, message) => set({ ...live, refused: message }),
    },
  );
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    end?.();
    end = undefined;
  };
}

/** The ticks of the last minutes, as long as somebody looks at them. */
export function useTicks(): Live {
  return useSyncExternalStore(listen, () => live);
}

/** The figures of a span that ends now. */
export function telemetryQuery(hours: number, stepSeconds: number) {
  return queryOptions({
    queryKey: ["telemetry", hours, stepSeconds],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - hours * 3_600_000).toISOString();
      return call(getTelemetry, { query: { since, step: stepSeconds }, signal });
    },
    refetchInterval: stepSeconds * 1_000,
  });
}

/** Who was active in the last minutes. */
export const activeUsersQuery = queryOptions({
  queryKey: ["active-users"],
  queryFn: ({ signal }) => call(listActiveUsers, { signal }),
  refetchInterval: 10_000,
});
