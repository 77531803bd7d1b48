import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

export const consumersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "consumers",
  validateSearch: z.object({
    /** The target that is open in the drawer. */
    target: z.catch(z.optional(z.string()), undefined),
    /** The form of a new consumer is open. */
    add: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
