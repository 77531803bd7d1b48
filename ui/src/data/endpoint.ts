/** Where clients reach S3, for lines that people paste. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

const Endpoints = z.object({ endpoints: z.object({ s3: z.string() }) });

export const endpointQuery = queryOptions({
  queryKey: ["endpoint"],
  queryFn: async ({ signal }) => (await ask("/api/v1/settings", Endpoints, { signal })).answer.endpoints.s3,
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});
