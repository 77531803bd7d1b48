import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

export const replicationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "replication",
  validateSearch: z.object({
    /** The form of a new link is open. */
    add: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
