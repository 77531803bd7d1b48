import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);

export const policiesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "policies",
  validateSearch: z.object({
    filter: text,
    /** The policy that is open in the drawer. */
    policy: text,
    /** The form of a new one is open. */
    create: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
