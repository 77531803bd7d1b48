/** Background work: what is under way, and how operators steer it. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";
import { useChange } from "./change";
import { nameOf } from "./event";

const Worker = z.object({
  worker: z.string(),
  about: z.string(),
  process: z.object({ process: z.string(), name: z.string() }),
  state: z.object({ name: z.string(), why: z.optional(z.string()) }),
  since: z.string(),
  lease: z.nullish(z.string()),
  unit: z.string(),
  done: z.number(),
  left: z.nullish(z.number()),
  left_as_of: z.optional(z.number()),
  pace: z.number(),
  rate: z.nullish(z.number()),
  failures: z.number(),
  last: z.nullish(z.object({ at: z.string(), what: z.string() })),
});
export type Worker = z.infer<typeof Worker>;

/** Progress is no event: it is asked for again after this. */
const EVERY_MS = 2_000;

export const workersQuery = queryOptions({
  queryKey: ["workers"],
  queryFn: async ({ signal }) =>
    (await ask("/api/v1/workers", z.object({ workers: z.array(Worker) }), { signal })).answer.workers,
  refetchInterval: EVERY_MS,
  meta: { nouns: ["region"] },
});

export type WorkerChange = "pause" | "resume" | "run" | "rate";

export interface WorkerOrder {
  readonly worker: string;
  readonly change: WorkerChange;
  /** Units a second, with `rate`; without it the default. */
  readonly units?: number;
}

/** Pauses a worker, has it go on, has it look at everything now, or sets its rate. */
export function useChangeWorker() {
  return useChange({
    run: ({ worker, change, units }: WorkerOrder) =>
      ask(`/api/v1/workers/${encodeURIComponent(worker)}/${change}`, z.unknown(), {
        method: "POST",
        query: { units },
      }),
    done: (_, { worker, change }) => DONE[change](worker),
    nouns: ["region"],
    matches: (event, { worker }) =>
      /^region\.worker_(changed|asked)$/.test(nameOf(event.type)) && event.data.worker === worker,
  });
}

const DONE: Record<WorkerChange, (worker: string) => string> = {
  pause: (worker) => `Paused ${worker}.`,
  resume: (worker) => `Resumed ${worker}.`,
  run: (worker) => `Started ${worker} on everything.`,
  rate: (worker) => `Changed the rate of ${worker}.`,
};
