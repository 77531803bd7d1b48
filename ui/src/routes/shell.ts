import { createRoute, redirect } from "@tanstack/react-router";
import { sessionState } from "@/data/session";
import { Shell } from "@/parts/shell/shell";
import { NotFound } from "./not-found";
import { PageFailure } from "./page-failure";
import { rootRoute } from "./root";

/** The parent of all pages but the sign-in. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  beforeLoad: ({ location }) => {
    if (sessionState().phase === "in") return;
    const to = location.href === "/" ? undefined : location.href;
    throw redirect({ to: "/login", search: { to } });
  },
  component: Shell,
  errorComponent: PageFailure,
  notFoundComponent: NotFound,
});
