/** Search over everything that the reader may see. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

const Names = z._default(z.array(z.union([z.string(), z.looseObject({ name: z.optional(z.string()) })])), []);

const Found = z.object({
  buckets: Names,
  objects: z._default(z.array(z.looseObject({ bucket: z.string(), key: z.string() })), []),
  users: Names,
  nodes: Names,
});

/** How many of each kind are asked for. */
const EACH = 6;

export interface FoundNames {
  readonly buckets: string[];
  readonly objects: { bucket: string; key: string }[];
  readonly users: string[];
  readonly nodes: string[];
}

function names(found: z.infer<typeof Names>): string[] {
  return found.flatMap((each) =>
    typeof each === "string" ? [each] : each.name === undefined ? [] : [each.name],
  );
}

export function searchQuery(text: string) {
  return queryOptions({
    queryKey: ["search", text],
    enabled: text.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async ({ signal }): Promise<FoundNames> => {
      const { answer } = await ask("/api/v1/search", Found, { query: { q: text, limit: EACH }, signal });
      return {
        buckets: names(answer.buckets),
        objects: answer.objects,
        users: names(answer.users),
        nodes: names(answer.nodes),
      };
    },
  });
}
