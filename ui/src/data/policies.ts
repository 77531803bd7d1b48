/** Policies: documents that say who may do what, and to whom they are attached. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { deletePolicy, listPolicies, type Policy, putPolicy } from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { Policy };

/** Policies on a page of the list. */
const PAGE = 1_000;
const NOUNS = ["user", "group", "policy"] as const;

/** All policies, the built-in ones first. */
export const policiesQuery = infiniteQueryOptions({
  queryKey: ["policies"],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) =>
    call(listPolicies, { query: { after: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (page) => page.next ?? undefined,
  meta: { nouns: NOUNS },
});

export function useStorePolicy() {
  return useChange({
    run: async ({ name, document }: { name: string; document: string }) =>
      callFor(putPolicy, { path: { policy: name }, body: JSON.parse(document) as Record<string, unknown> }),
    done: ({ name }) => `Stored the policy ${name}.`,
    nouns: NOUNS,
  });
}

export function useDeletePolicy() {
  return useChange({
    run: (policy: string) => callFor(deletePolicy, { path: { policy } }),
    done: (_, policy) => `Deleted the policy ${policy}.`,
    nouns: NOUNS,
  });
}
