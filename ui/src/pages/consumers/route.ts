import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

export const consumersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "consumers",
  validateSearch: z.object({ target: z.catch(z.optional(z.string()), undefined) }),
  component: lazyRouteComponent(() => import("./page")),
});
