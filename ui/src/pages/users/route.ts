import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);

export const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "users",
  validateSearch: z.object({
    filter: text,
    /** The user that is open in the drawer. */
    user: text,
    /** The form of a new one is open. */
    create: z.catch(z.optional(z.boolean()), undefined),
  }),
  component: lazyRouteComponent(() => import("./page")),
});
