import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const consumersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "consumers",
  component: lazyRouteComponent(() => import("./page")),
});
