import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const policiesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "policies",
  component: lazyRouteComponent(() => import("./page")),
});
