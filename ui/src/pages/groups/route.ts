import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);

export const groupsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "groups",
  validateSearch: z.object({
    filter: text,
    /** The group that is open in the drawer. */
    group: text,
    /** The form of a new one is open. */
    create: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
