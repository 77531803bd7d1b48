/** Search over everything that the reader may see. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Found, search } from "@/generated/api";
import { call } from "./call";

export type { Found };

/** How many of each kind are asked for. */
const EACH = 6;

export function searchQuery(text: string) {
  return queryOptions({
    queryKey: ["search", text],
    enabled: text.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => call(search, { query: { q: text, limit: EACH }, signal }),
  });
}
