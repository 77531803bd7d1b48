import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { ACCESS_KINDS } from "@/data/access-log";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);
const time = z.catch(
  z.optional(z.string().check(z.refine((written) => !Number.isNaN(Date.parse(written))))),
  undefined,
);

/** What is searched for. */
const AccessSearch = z.object({
  kind: z.catch(z.optional(z.enum(ACCESS_KINDS)), undefined),
  bucket: text,
  user: text,
  address: text,
  since: time,
});
export type AccessSearch = z.infer<typeof AccessSearch>;

export const accessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "audit/access",
  validateSearch: AccessSearch,
  component: lazyRouteComponent(() => import("./page")),
});
