import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);

export const sessionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "sessions",
  validateSearch: z.object({
    filter: text,
  }),
  component: lazyRouteComponent(() => import("./page")),
});
