/** Users: who there is, and what changes them. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import {
  addMember,
  attachToUser,
  changeUser,
  createUser,
  deleteUser,
  detachFromUser,
  getUser,
  listUsers,
  removeMember,
  setPassword,
  type User,
} from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { User };

/** Users on a page of the list. */
const PAGE = 1_000;
const NOUNS = ["user", "group", "policy"] as const;

/** All users but root, page by page. */
export const usersQuery = infiniteQueryOptions({
  queryKey: ["users"],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) => call(listUsers, { query: { after: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (page) => page.next ?? undefined,
  meta: { nouns: NOUNS },
});

export function userQuery(user: string) {
  return queryOptions({
    queryKey: ["user", user],
    queryFn: ({ signal }) => call(getUser, { path: { user }, signal }),
    meta: { nouns: NOUNS },
  });
}

export interface NewUser {
  readonly name: string;
  readonly display_name: string | null;
  readonly email: string | null;
  readonly role: User["role"];
  /** Without one the user cannot sign in, but keys work. */
  readonly password: string | null;
}

export function useCreateUser() {
  return useChange({
    run: (user: NewUser) => callFor(createUser, { body: user }),
    done: ({ name }) => `Created the user ${name}.`,
    nouns: NOUNS,
  });
}

export interface UserChange {
  readonly name: string;
  readonly enabled?: boolean;
  readonly display_name?: string;
  readonly email?: string | null;
  readonly role?: User["role"];
  readonly limits?: User["limits"];
}

export function useChangeUser() {
  return useChange({
    run: ({ name, ...body }: UserChange) => callFor(changeUser, { path: { user: name }, body }),
    done: (_, { name, enabled }) =>
      `${enabled === undefined ? "Changed" : enabled ? "Enabled" : "Disabled"} the user ${name}.`,
    nouns: NOUNS,
  });
}

export function useDeleteUser() {
  return useChange({
    run: (user: string) => callFor(deleteUser, { path: { user } }),
    done: (_, user) => `Deleted the user ${user}.`,
    nouns: [...NOUNS, "key", "session"],
  });
}

export function useSetPassword() {
  return useChange({
    run: ({ user, ...body }: { user: string; password: string | null; old_password?: string }) =>
      callFor(setPassword, { path: { user }, body }),
    done: (_, { user, password }) =>
      password === null ? `Removed the password of ${user}.` : `Set the password of ${user}.`,
    nouns: [...NOUNS, "session"],
  });
}

/** Adds a user to a group, or removes them. */
export function useMembership() {
  return useChange({
    run: ({ user, group, isMember }: { user: string; group: string; isMember: boolean }) =>
      callFor(isMember ? addMember : removeMember, { path: { user, group } }),
    done: (_, { user, group, isMember }) =>
      isMember ? `Added ${user} to ${group}.` : `Removed ${user} from ${group}.`,
    nouns: NOUNS,
  });
}

/** Attaches a policy to a user, or detaches it. */
export function useUserPolicy() {
  return useChange({
    run: ({ user, policy, isAttached }: { user: string; policy: string; isAttached: boolean }) =>
      callFor(isAttached ? attachToUser : detachFromUser, { path: { user, policy } }),
    done: (_, { user, policy, isAttached }) =>
      isAttached ? `Attached ${policy} to ${user}.` : `Detached ${policy} from ${user}.`,
    nouns: NOUNS,
  });
}
