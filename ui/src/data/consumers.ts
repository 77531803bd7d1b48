/** Durable consumers: programs outside of the store that read its events over NATS. */
import { queryOptions } from "@tanstack/react-query";
import {
  type AddedConsumer,
  addConsumer,
  type Consumer,
  listConsumers,
  removeConsumer,
} from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { AddedConsumer, Consumer };

/** How far consumers are is no event: it is asked for again after this. */
const EVERY_MS = 3_000;

export const consumersQuery = queryOptions({
  queryKey: ["consumers"],
  queryFn: async ({ signal }) => (await call(listConsumers, { signal })).consumers,
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
    run: (consumer: NewConsumer) => callFor(addConsumer, { body: consumer }),
    done: (_, { name }) => `Added the consumer ${name}.`,
    nouns: ["consumer"],
  });
}

export function useDeleteConsumer() {
  return useChange({
    run: (consumer: string) => callFor(removeConsumer, { path: { consumer } }),
    done: (_, name) => `Deleted the consumer ${name}.`,
    nouns: ["consumer"],
  });
}
