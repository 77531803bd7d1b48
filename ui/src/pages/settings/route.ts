import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";
import { CLIENTS } from "./lines";

export const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "settings",
  /** The client whose lines are shown. */
  validateSearch: z.object({ client: z.catch(z.optional(z.enum(CLIENTS)), undefined) }),
  component: lazyRouteComponent(() => import("./page")),
});
