/** Whether an event is covered by a signed checkpoint of the log. */
import { queryOptions } from "@tanstack/react-query";
import { proveEvent } from "@/generated/api";
import { call } from "./call";

export function proofQuery(sequence: number) {
  return queryOptions({
    queryKey: ["proof", sequence],
    retry: false,
    queryFn: ({ signal }) => call(proveEvent, { path: { sequence: String(sequence) }, signal }),
  });
}
