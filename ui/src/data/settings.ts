/** What the store is set to, and its master key. */
import { queryOptions } from "@tanstack/react-query";
import { getMasterKey, getSettings, type MasterKeys, rotateMasterKey, type Settings } from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";

export type { MasterKeys, Settings };

/** How often it is asked while secrets are sealed again. */
const SEALING_EVERY_MS = 3_000;

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: ({ signal }) => call(getSettings, { signal }),
  meta: { nouns: ["region"] },
});

export const masterKeyQuery = queryOptions({
  queryKey: ["master-key"],
  queryFn: ({ signal }) => call(getMasterKey, { signal }),
  refetchInterval: ({ state }) => (state.data?.done === false ? SEALING_EVERY_MS : false),
  meta: { nouns: ["region", "secret"] },
});

/** Has the region use its next master key. */
export function useRotateMasterKey() {
  return useChange({
    run: (number: number) => callFor(rotateMasterKey, { body: { number } }),
    done: (_, number) => `The region uses master key ${number}.`,
    nouns: ["region"],
  });
}
