import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);
const number = z.catch(z.optional(z.number()), undefined);

/** The filter of the stream, and from where it is played. */
const EventsSearch = z.object({
  type: text,
  bucket: text,
  prefix: text,
  user: text,
  /** Played from behind this sequence. */
  after: number,
  /** Played from this time. */
  since: text,
  /** How many times as fast as it happened. */
  speed: number,
});
export type EventsSearch = z.infer<typeof EventsSearch>;

export const eventsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "events",
  validateSearch: EventsSearch,
  component: lazyRouteComponent(() => import("./page")),
});
