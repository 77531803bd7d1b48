/** Log lines of processes: errors that survive restarts. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

export const LogLine = z.object({
  time: z.string(),
  level: z.string(),
  role: z.nullish(z.string()),
  target: z.nullish(z.string()),
  message: z.string(),
  fields: z._default(z.nullish(z.record(z.string(), z.unknown())), {}),
});
export type LogLine = z.infer<typeof LogLine>;

const Lines = z.object({ lines: z.array(LogLine) });

/** The errors of all roles, the newest first. */
export const errorsQuery = queryOptions({
  queryKey: ["errors"],
  retry: false,
  refetchInterval: 15_000,
  queryFn: async ({ signal }) => {
    const { lines } = (await ask("/api/v1/errors", Lines, { signal })).answer;
    return lines.toSorted((a, b) => b.time.localeCompare(a.time));
  },
});
