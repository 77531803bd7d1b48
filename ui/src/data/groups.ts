/** Groups: their members, and the policies that all of them have. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import {
  attachToGroup,
  createGroup,
  deleteGroup,
  detachFromGroup,
  type Group,
  listGroups,
} from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { Group };

/** Groups on a page of the list. */
const PAGE = 1_000;
const NOUNS = ["user", "group", "policy"] as const;

export const groupsQuery = infiniteQueryOptions({
  queryKey: ["groups"],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) => call(listGroups, { query: { after: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (page) => page.next ?? undefined,
  meta: { nouns: NOUNS },
});

export function useCreateGroup() {
  return useChange({
    run: (name: string) => callFor(createGroup, { body: { name } }),
    done: ({ name }) => `Created the group ${name}.`,
    nouns: NOUNS,
  });
}

export function useDeleteGroup() {
  return useChange({
    run: (group: string) => callFor(deleteGroup, { path: { group } }),
    done: (_, group) => `Deleted the group ${group}.`,
    nouns: NOUNS,
  });
}

/** Attaches a policy to a group, or detaches it. */
export function useGroupPolicy() {
  return useChange({
    run: ({ group, policy, isAttached }: { group: string; policy: string; isAttached: boolean }) =>
      callFor(isAttached ? attachToGroup : detachFromGroup, { path: { group, policy } }),
    done: (_, { group, policy, isAttached }) =>
      isAttached ? `Attached ${policy} to ${group}.` : `Detached ${policy} from ${group}.`,
    nouns: NOUNS,
  });
}
