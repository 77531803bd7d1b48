import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { queries } from "@/data/client";
import { growthQuery } from "@/data/growth";
import { statusQuery } from "@/data/status";
import { telemetryQuery } from "@/data/telemetry";
import { shellRoute } from "@/routes/shell";

export const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  // The questions are asked while the page's code is still on its way.
  loader: () => {
    void queries.prefetchQuery(statusQuery);
    void queries.prefetchQuery(telemetryQuery(5 / 60, 10));
    void queries.prefetchQuery(growthQuery("24h"));
  },
  component: lazyRouteComponent(() => import("./page")),
});
