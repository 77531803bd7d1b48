import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const logsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "logs",
  component: lazyRouteComponent(() => import("./page")),
});
