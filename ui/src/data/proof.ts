/** Whether an event is covered by a signed checkpoint of the log. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

const Proof = z.record(z.string(), z.unknown());

export function proofQuery(sequence: number) {
  return queryOptions({
    queryKey: ["proof", sequence],
    retry: false,
    queryFn: async ({ signal }) => (await ask(`/api/v1/events/${sequence}/proof`, Proof, { signal })).answer,
  });
}
