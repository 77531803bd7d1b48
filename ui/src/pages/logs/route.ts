import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);

export const logsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "logs",
  validateSearch: z.object({
    of: z.catch(z.optional(z.enum(["lines", "errors"])), undefined),
    level: z.catch(z.optional(z.enum(["error", "warn", "info", "debug"])), undefined),
    role: text,
    text,
  }),
  component: lazyRouteComponent(() => import("./page")),
});
