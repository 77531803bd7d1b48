import { createRoute } from "@tanstack/react-router";
import { NotFound } from "./not-found";
import { shellRoute } from "./shell";

/** Every other address: with the pages beside it, so that whoever is lost finds one. */
export const missingRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "$",
  component: NotFound,
});
