/** Targets: where the store sends its events by itself, webhooks and NATS subjects. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";
import { useChange } from "./change";
import { nameOf } from "./event";

const Target = z.object({
  name: z.string(),
  arn: z.nullish(z.string()),
  kind: z.string(),
  url: z.nullish(z.string()),
  subject: z.nullish(z.string()),
  format: z.string(),
  filter: z.nullish(z.object({ types: z.array(z.string()), buckets: z.array(z.string()) })),
  enabled: z.boolean(),
  created: z.nullish(z.string()),
  position: z.number(),
  lag: z.number(),
  last_error: z.nullish(z.string()),
  dead: z.number(),
  secret: z.nullish(z.string()),
});
export type Target = z.infer<typeof Target>;

const Dead = z.object({
  dead: z.array(
    z.object({
      sequence: z.number(),
      time: z.string(),
      error: z.string(),
      attempts: z.number(),
      redelivering: z.boolean(),
    }),
  ),
});

const EVERY_MS = 3_000;
const PATH = "/api/v1/targets";
const pathOf = (name: string, rest = "") => `${PATH}/${encodeURIComponent(name)}${rest}`;

export const targetsQuery = queryOptions({
  queryKey: ["targets"],
  queryFn: async ({ signal }) =>
    (await ask(PATH, z.object({ targets: z.array(Target) }), { query: { limit: 1_000 }, signal })).answer
      .targets,
  refetchInterval: EVERY_MS,
  meta: { nouns: ["target"] },
});

/** Events that a target refused. */
export function deadQuery(name: string) {
  return queryOptions({
    queryKey: ["dead", name],
    queryFn: async ({ signal }) => (await ask(pathOf(name, "/dead"), Dead, { signal })).answer.dead,
    refetchInterval: EVERY_MS,
  });
}

export interface NewTarget {
  readonly name: string;
  readonly kind: "webhook" | "nats";
  readonly url?: string;
  readonly subject?: string;
  readonly format: string;
  readonly filter: { readonly types: string[]; readonly buckets: string[] } | null;
}

export function useCreateTarget() {
  return useChange({
    run: (target: NewTarget) => ask(PATH, Target, { method: "POST", json: target }),
    done: (_, { name }) => `Created the target ${name}.`,
    nouns: ["target"],
  });
}

export function useChangeTarget() {
  return useChange({
    run: ({ name, ...change }: { name: string; enabled?: boolean; rotate_secret?: boolean }) =>
      ask(pathOf(name), Target, { method: "PATCH", json: change }),
    done: (_, { name }) => `Changed the target ${name}.`,
    nouns: ["target"],
  });
}

export function useDeleteTarget() {
  return useChange({
    run: (name: string) => ask(pathOf(name), undefined, { method: "DELETE" }),
    done: (_, name) => `Deleted the target ${name}.`,
    nouns: ["target"],
  });
}

/** Sends what it refused once more: all of it, or some. */
export function useRedeliver() {
  return useChange({
    run: ({ name, sequences = [] }: { name: string; sequences?: number[] }) =>
      ask(pathOf(name, "/redeliver"), undefined, { method: "POST", json: { sequences } }),
    done: (_, { name }) => `What ${name} refused is sent once more.`,
    nouns: ["target"],
    matches: (event, { name }) => nameOf(event.type).startsWith("target.") && event.data.target === name,
  });
}

/** Sends it an event to try it. */
export function useTestTarget() {
  return useChange({
    run: (name: string) =>
      ask(pathOf(name, "/test"), z.object({ sequence: z.number() }), { method: "POST", json: {} }),
    done: (_, name) => `A test event is on its way to ${name}.`,
    nouns: ["target"],
  });
}

/** The targets that get events of a bucket. */
export function targetsOfBucketQuery(bucket: string) {
  return queryOptions({
    ...targetsQuery,
    select: (targets: Target[]) =>
      targets.filter(({ filter }) => !filter?.buckets.length || filter.buckets.includes(bucket)),
  });
}
