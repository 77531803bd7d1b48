/** Durable consumers: programs outside of the store that read its events over NATS. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";
import { useChange } from "./change";

const Consumer = z.object({
  name: z.string(),
  filter: z.object({ bucket: z.nullish(z.string()), type: z.nullish(z.string()) }),
  position: z.number(),
  lag: z.number(),
  unacked: z.nullish(z.number()),
  redelivered: z.nullish(z.number()),
  rate: z.nullish(z.number()),
  created: z.string(),
  owner: z.string(),
});
export type Consumer = z.infer<typeof Consumer>;

const Added = z.object({
  consumer: Consumer,
  credentials: z.record(z.string(), z.string()),
  snippet: z.string(),
});
export type AddedConsumer = z.infer<typeof Added>;

/** How far consumers are is no event: it is asked for again after this. */
const EVERY_MS = 3_000;

export const consumersQuery = queryOptions({
  queryKey: ["consumers"],
  queryFn: async ({ signal }) =>
    (await ask("/api/v1/consumers", z.object({ consumers: z.array(Consumer) }), { signal })).answer.consumers,
  refetchInterval: EVERY_MS,
  meta: { nouns: ["consumer"] },
});

export interface NewConsumer {
  readonly name: string;
  readonly filter: { readonly bucket?: string; readonly type?: string };
  /** `start` of the log, `now`, a sequence or a time. */
  readonly from: string;
}

export function useAddConsumer() {
  return useChange({
    run: (consumer: NewConsumer) => ask("/api/v1/consumers", Added, { method: "POST", json: consumer }),
    done: (_, { name }) => `Added the consumer ${name}.`,
    nouns: ["consumer"],
  });
}

export function useDeleteConsumer() {
  return useChange({
    run: (name: string) =>
      ask(`/api/v1/consumers/${encodeURIComponent(name)}`, undefined, { method: "DELETE" }),
    done: (_, name) => `Deleted the consumer ${name}.`,
    nouns: ["consumer"],
  });
}
