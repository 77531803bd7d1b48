/** Keys of the region's key store, with which SSE-KMS encrypts objects. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { changeKmsKey, createKmsKey, type KmsKey, listKmsKeys } from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { KmsKey };

/** Keys on a page of the list. */
const PAGE = 1_000;
const NOUNS = ["kms_key"] as const;

export const kmsKeysQuery = infiniteQueryOptions({
  queryKey: ["kms-keys"],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) => call(listKmsKeys, { query: { after: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (page) => page.next ?? undefined,
  meta: { nouns: NOUNS },
});

export function useCreateKmsKey() {
  return useChange({
    run: (name: string) => callFor(createKmsKey, { body: { name } }),
    done: ({ name }) => `Created the encryption key ${name}.`,
    nouns: NOUNS,
  });
}

export function useChangeKmsKey() {
  return useChange({
    run: ({ name, enabled }: { name: string; enabled: boolean }) =>
      callFor(changeKmsKey, { path: { kms_key: name }, body: { enabled } }),
    done: ({ name, enabled }) => `${enabled ? "Enabled" : "Disabled"} the encryption key ${name}.`,
    nouns: NOUNS,
  });
}
