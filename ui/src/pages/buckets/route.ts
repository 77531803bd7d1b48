import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const bucketsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "buckets",
  component: lazyRouteComponent(() => import("./page")),
});
