import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import * as z from "zod/mini";
import { sessionState } from "@/data/session";
import { rootRoute } from "@/routes/root";
import { within } from "./within";

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "login",
  validateSearch: z.object({ to: z.catch(z.optional(z.string()), undefined) }),
  beforeLoad: ({ search }) => {
    if (sessionState().phase === "in") throw redirect({ href: within(search.to), replace: true });
  },
  component: lazyRouteComponent(() => import("./page")),
});
