import { createRouter } from "@tanstack/react-router";
import { onSession } from "@/data/session";
import { accessRoute } from "@/pages/access/route";
import { auditRoute } from "@/pages/audit/route";
import { bucketRoutes } from "@/pages/bucket/route";
import { bucketsRoute } from "@/pages/buckets/route";
import { consumersRoute } from "@/pages/consumers/route";
import { eventsRoute } from "@/pages/events/route";
import { groupsRoute } from "@/pages/groups/route";
import { kmsKeysRoute } from "@/pages/kms-keys/route";
import { loginRoute } from "@/pages/login/route";
import { logsRoute } from "@/pages/logs/route";
import { nodesRoute } from "@/pages/nodes/route";
import { overviewRoute } from "@/pages/overview/route";
import { policiesRoute } from "@/pages/policies/route";
import { replicationRoute } from "@/pages/replication/route";
import { sessionsRoute } from "@/pages/sessions/route";
import { settingsRoute } from "@/pages/settings/route";
import { usersRoute } from "@/pages/users/route";
import { missingRoute } from "./missing";
import { PageFailure } from "./page-failure";
import { rootRoute } from "./root";
import { shellRoute } from "./shell";

const routeTree = rootRoute.addChildren([
  loginRoute,
  shellRoute.addChildren([
    overviewRoute,
    eventsRoute,
    consumersRoute,
    bucketsRoute,
    bucketRoutes,
    nodesRoute,
    replicationRoute,
    usersRoute,
    groupsRoute,
    policiesRoute,
    sessionsRoute,
    auditRoute,
    accessRoute,
    logsRoute,
    settingsRoute,
    kmsKeysRoute,
    missingRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: PageFailure,
  defaultPendingMs: 300,
  scrollRestoration: false,
});

// Who is signed out is shown the sign-in, and who signs in what they wanted to see.
onSession(() => void router.invalidate());

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
