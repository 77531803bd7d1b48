/** Figures of the moment, one tick a second, and those of the last 24 hours. */
import { queryOptions } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import * as z from "zod/mini";
import { ask } from "./call";
import { subscribe } from "./feed";

const Count = z._default(z.nullish(z.number()), null);
const Percentiles = z._default(z.nullish(z.object({ read: Count, write: Count })), null);

export const Tick = z.object({
  time: z.string(),
  seconds: z._default(z.number(), 1),
  requests: z.object({
    read: z.number(),
    write: z.number(),
    list: z.number(),
    delete: z.number(),
    other: z.number(),
  }),
  errors: z.object({ client: z.number(), server: z.number() }),
  bytes_in: z.number(),
  bytes_out: z.number(),
  p50_ms: Percentiles,
  p99_ms: Percentiles,
  operations: z._default(
    z.array(
      z.object({
        operation: z.string(),
        count: z.number(),
        errors: z.number(),
        p50_ms: Count,
        p99_ms: Count,
      }),
    ),
    [],
  ),
  nodes: z._default(
    z.array(
      z.object({ node: z.string(), p50_ms: Count, p99_ms: Count, free_bytes: Count, total_bytes: Count }),
    ),
    [],
  ),
  active_users: Count,
  sequence: Count,
  objects: Count,
  bytes: Count,
  stored_bytes: Count,
});
export type Tick = z.infer<typeof Tick>;

const Telemetry = z.object({ step_seconds: z.number(), from: z.nullish(z.string()), points: z.array(Tick) });

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
    queryFn: async ({ signal }) => {
      const since = new Date(Date.now() - hours * 3_600_000).toISOString();
      const query = { since, step: stepSeconds };
      return (await ask("/api/v1/telemetry", Telemetry, { query, signal })).answer;
    },
    refetchInterval: stepSeconds * 1_000,
  });
}

const ActiveUsers = z.object({
  since: z.string(),
  users: z.array(
    z.object({ user: z.string(), key: z.nullish(z.string()), last_seen: z.string(), requests: z.number() }),
  ),
});

/** Who was active in the last minutes. */
export const activeUsersQuery = queryOptions({
  queryKey: ["active-users"],
  queryFn: async ({ signal }) => (await ask("/api/v1/active-users", ActiveUsers, { signal })).answer,
  refetchInterval: 10_000,
});
