import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "audit",
  component: lazyRouteComponent(() => import("./page")),
});
