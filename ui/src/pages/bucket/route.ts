import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);
const flag = z.catch(z.optional(z.boolean()), undefined);

/** A bucket, with its tabs below it. */
export const bucketRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "buckets/$bucket",
  component: lazyRouteComponent(() => import("./page")),
});

/** The objects: below a prefix, with the object that is open. */
export const objectsRoute = createRoute({
  getParentRoute: () => bucketRoute,
  path: "/",
  validateSearch: z.object({ prefix: text, key: text, version: text, deleted: flag }),
  component: lazyRouteComponent(() => import("./objects/page")),
});

export const insightsRoute = createRoute({
  getParentRoute: () => bucketRoute,
  path: "insights",
  component: lazyRouteComponent(() => import("./insights/page")),
});

export const bucketSettingsRoute = createRoute({
  getParentRoute: () => bucketRoute,
  path: "settings",
  component: lazyRouteComponent(() => import("./settings/page")),
});

export const bucketEventsRoute = createRoute({
  getParentRoute: () => bucketRoute,
  path: "events",
  component: lazyRouteComponent(() => import("./events/page")),
});

export const rewindRoute = createRoute({
  getParentRoute: () => bucketRoute,
  path: "rewind",
  validateSearch: z.object({ at: text, prefix: text }),
  component: lazyRouteComponent(() => import("./rewind/page")),
});

export const bucketRoutes = bucketRoute.addChildren([
  objectsRoute,
  insightsRoute,
  bucketSettingsRoute,
  bucketEventsRoute,
  rewindRoute,
]);
