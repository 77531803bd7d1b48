import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

export const bucketsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "buckets",
  validateSearch: z.object({
    filter: z.catch(z.optional(z.coerce.string()), undefined),
    /** The form of a new bucket is open. */
    create: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
