/** Log lines of processes, and their errors, which survive restarts. A store may serve neither. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";
import type { LogFilter } from "./feed";
import { Refused } from "./http";

const LogLine = z.object({
  time: z.string(),
  level: z.string(),
  role: z.nullish(z.string()),
  target: z.nullish(z.string()),
  message: z.string(),
  fields: z._default(z.nullish(z.record(z.string(), z.unknown())), {}),
});
export type LogLine = z.infer<typeof LogLine>;

const Lines = z.object({ lines: z.array(LogLine) });

/** Lines that are asked for. */
const LIMIT = 500;

/** Lines of before, the newest first: of all kinds, or the errors that were kept. */
export function linesQuery(of: "lines" | "errors", filter: LogFilter) {
  return queryOptions({
    queryKey: ["logs", of, filter],
    retry: false,
    queryFn: async ({ signal }) => {
      const { lines } =
        of === "errors"
          ? (await ask("/api/v1/errors", Lines, { signal })).answer
          : (await ask("/api/v1/logs", Lines, { signal, query: { ...filter, limit: LIMIT } })).answer;
      return lines.toSorted((a, b) => b.time.localeCompare(a.time));
    },
  });
}

/** A line as the feed sends it; absent if it is none. */
export function lineOf(data: unknown): LogLine | undefined {
  return z.safeParse(LogLine, data).data;
}

/** Whether the store does not serve its lines at all. */
export function isNotServed(error: unknown): boolean {
  return error instanceof Refused && error.status === 404;
}
