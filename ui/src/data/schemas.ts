/** The schemas of events, which the store serves without a login. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

export function schemaQuery(name: string) {
  return queryOptions({
    queryKey: ["schema", name],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      (await ask(`/schemas/${name}.json`, z.record(z.string(), z.unknown()), { signal })).answer,
  });
}
