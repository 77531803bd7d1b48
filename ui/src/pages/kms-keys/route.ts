import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

export const kmsKeysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "kms-keys",
  validateSearch: z.object({
    filter: z.catch(z.optional(z.coerce.string()), undefined),
    /** The form of a new one is open. */
    create: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
