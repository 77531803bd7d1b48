import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "@/routes/shell";

export const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "users",
  component: lazyRouteComponent(() => import("./page")),
});
