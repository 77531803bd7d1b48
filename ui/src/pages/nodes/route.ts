import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

export const nodesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "nodes",
  validateSearch: z.object({ node: z.catch(z.optional(z.string()), undefined) }),
  component: lazyRouteComponent(() => import("./page")),
});
