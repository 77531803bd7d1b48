import { createRootRoute, Outlet } from "@tanstack/react-router";
import * as z from "zod/mini";
import { NotFound } from "./not-found";

/** Every page can show the inspector of an event beside itself: `?event=1204`. */
const RootSearch = z.object({ event: z.catch(z.optional(z.number()), undefined) });

export const rootRoute = createRootRoute({
  validateSearch: RootSearch,
  component: Outlet,
  notFoundComponent: NotFound,
});
