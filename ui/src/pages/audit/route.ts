import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { shellRoute } from "@/routes/shell";

const text = z.catch(z.optional(z.coerce.string()), undefined);
const time = z.catch(
  z.optional(z.string().check(z.refine((written) => !Number.isNaN(Date.parse(written))))),
  undefined,
);

/** What is searched for. */
const AuditSearch = z.object({
  user: text,
  access_key: text,
  bucket: text,
  key: text,
  prefix: text,
  since: time,
  until: time,
});
export type AuditSearch = z.infer<typeof AuditSearch>;

export const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "audit",
  validateSearch: AuditSearch,
  component: lazyRouteComponent(() => import("./page")),
});
