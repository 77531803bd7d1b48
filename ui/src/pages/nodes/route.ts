import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const nodesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "nodes",
  component: lazyRouteComponent(() => import("./page")),
});
