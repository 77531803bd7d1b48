/** Names of users, to choose from. */
import { queryOptions } from "@tanstack/react-query";
import { listUsers } from "@/generated/api";
import { call } from "./call";

/** Names that are offered at most; any other can be typed. */
const NAMES_MAX = 500;

export const userNamesQuery = queryOptions({
  queryKey: ["user-names"],
  queryFn: async ({ signal }) => {
    const page = await call(listUsers, { query: { limit: NAMES_MAX }, signal });
    return page.users.map(({ name }) => name);
  },
  retry: false,
  meta: { nouns: ["user"] },
});
