import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const groupsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "groups",
  component: lazyRouteComponent(() => import("./page")),
});
