/** S3 keys of users. */
import { queryOptions } from "@tanstack/react-query";
import { changeKey, createKey, deleteKey, type Key, listKeys, type MadeKey } from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { Key, MadeKey };

/** Keys that are shown of a user at most. */
const KEYS_MAX = 1_000;

export function keysQuery(user: string) {
  return queryOptions({
    queryKey: ["keys", user],
    queryFn: async ({ signal }) =>
      (await call(listKeys, { path: { user }, query: { limit: KEYS_MAX }, signal })).keys,
    meta: { nouns: ["key"] },
  });
}

export function useCreateKey() {
  return useChange({
    run: ({ user, expires }: { user: string; expires: string | null }) =>
      callFor(createKey, { path: { user }, body: { expires } }),
    done: ({ access_key, user }) => `Created the key ${access_key} of ${user}.`,
    nouns: ["key"],
  });
}

export function useChangeKey() {
  return useChange({
    run: ({ user, key, enabled }: { user: string; key: string; enabled: boolean }) =>
      callFor(changeKey, { path: { user, key }, body: { enabled } }),
    done: (_, { key, enabled }) => `${enabled ? "Enabled" : "Disabled"} the key ${key}.`,
    nouns: ["key"],
  });
}

export function useDeleteKey() {
  return useChange({
    run: ({ user, key }: { user: string; key: string }) => callFor(deleteKey, { path: { user, key } }),
    done: (_, { key }) => `Deleted the key ${key}.`,
    nouns: ["key"],
  });
}
