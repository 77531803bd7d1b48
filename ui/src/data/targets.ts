/** Targets: where the store sends its events by itself, webhooks and NATS subjects. */
import { queryOptions } from "@tanstack/react-query";
import {
  changeTarget,
  createTarget,
  deleteTarget,
  discardDeadLetters,
  listDeadLetters,
  listTargets,
  type NewTarget,
  redeliver,
  type Target,
  testTarget,
} from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";
import { nameOf } from "./event";

export type { NewTarget, Target };

/** How far targets are is no event: it is asked for again after this. */
const EVERY_MS = 3_000;
/** A store has few targets: one page has all of them. */
const PAGE = 1_000;

export const targetsQuery = queryOptions({
  queryKey: ["targets"],
  queryFn: async ({ signal }) => (await call(listTargets, { query: { limit: PAGE }, signal })).targets,
  refetchInterval: EVERY_MS,
  meta: { nouns: ["target"] },
});

/** The targets that get events of a bucket. */
export function targetsOfBucketQuery(bucket: string) {
  return queryOptions({
    ...targetsQuery,
    select: (targets: Target[]) =>
      targets.filter(({ filter }) => !filter?.buckets?.length || filter.buckets.includes(bucket)),
  });
}

/** Events that a target refused. */
export function deadQuery(target: string) {
  return queryOptions({
    queryKey: ["dead", target],
    queryFn: async ({ signal }) => (await call(listDeadLetters, { path: { target }, signal })).dead,
    refetchInterval: EVERY_MS,
  });
}

export function useCreateTarget() {
  return useChange({
    run: (target: NewTarget) => callFor(createTarget, { body: target }),
    done: (_, { name }) => `Created the target ${name}.`,
    nouns: ["target"],
  });
}

export function useChangeTarget() {
  return useChange({
    run: ({ name, ...body }: { name: string; enabled?: boolean; rotate_secret?: boolean }) =>
      callFor(changeTarget, { path: { target: name }, body }),
    done: (_, { name }) => `Changed the target ${name}.`,
    nouns: ["target"],
  });
}

export function useDeleteTarget() {
  return useChange({
    run: (target: string) => callFor(deleteTarget, { path: { target } }),
    done: (_, name) => `Deleted the target ${name}.`,
    nouns: ["target"],
  });
}

/** Sends what it refused once more: all of it, or some. */
export function useRedeliver() {
  return useChange({
    run: ({ name, sequences = [] }: { name: string; sequences?: number[] }) =>
      callFor(redeliver, { path: { target: name }, body: { sequences } }),
    done: (_, { name }) => `The events that ${name} refused are sent again.`,
    nouns: ["target"],
    matches: (event, { name }) => nameOf(event.type).startsWith("target.") && event.data.target === name,
  });
}

/** Gives up what it refused. The events stay on the log. */
export function useDiscardDead() {
  return useChange({
    run: (target: string) => callFor(discardDeadLetters, { path: { target } }),
    done: (_, name) => `What ${name} refused is given up.`,
    nouns: ["target"],
  });
}

/** Sends it an event to try it. */
export function useTestTarget() {
  return useChange({
    run: (target: string) => callFor(testTarget, { path: { target } }),
    done: (_, name) => `A test event was sent to ${name}.`,
    nouns: ["target"],
  });
}
