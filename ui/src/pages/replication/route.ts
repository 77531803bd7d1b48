import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const replicationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "replication",
  component: lazyRouteComponent(() => import("./page")),
});
