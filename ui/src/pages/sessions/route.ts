import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const sessionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "sessions",
  component: lazyRouteComponent(() => import("./page")),
});
