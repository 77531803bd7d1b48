import type { LinkProps } from "@tanstack/react-router";
import {
  Activity,
  Boxes,
  Cable,
  Container,
  FileClock,
  Globe,
  KeyRound,
  KeySquare,
  LayoutDashboard,
  type LucideIcon,
  MonitorSmartphone,
  ScrollText,
  Settings,
  ShieldX,
  Users,
  UsersRound,
} from "lucide-react";

export interface Place {
  readonly title: string;
  readonly to:
    | "/"
    | "/events"
    | "/consumers"
    | "/buckets"
    | "/nodes"
    | "/replication"
    | "/users"
    | "/policies"
    | "/audit"
    | "/logs"
    | "/settings";
  readonly icon: LucideIcon;
  /** The operation without which the page shows nothing; absent if it shows everybody something. */
  readonly needs?: string;
  /** The letter behind `g`. */
  readonly key: string;
}

/** The pages of the rail, in groups. */
export const PLACES: readonly (readonly Place[])[] = [
  [
    { title: "Overview", to: "/", icon: LayoutDashboard, needs: "getStatus", key: "o" },
    { title: "Live", to: "/events", icon: Activity, key: "e" },
    { title: "Consumers", to: "/consumers", icon: Cable, needs: "listConsumers", key: "c" },
  ],
  [
    { title: "Buckets", to: "/buckets", icon: Container, key: "b" },
    { title: "Nodes & work", to: "/nodes", icon: Boxes, needs: "listNodes", key: "n" },
    { title: "Replication", to: "/replication", icon: Globe, needs: "listReplication", key: "r" },
  ],
  [
    { title: "Users", to: "/users", icon: Users, needs: "listUsers", key: "u" },
    { title: "Policies", to: "/policies", icon: KeySquare, needs: "listPolicies", key: "p" },
  ],
  [
    { title: "Audit", to: "/audit", icon: FileClock, key: "a" },
    { title: "Logs", to: "/logs", icon: ScrollText, needs: "getLogs", key: "l" },
    { title: "Settings", to: "/settings", icon: Settings, key: "s" },
  ],
];

/** A page that is a tab of another one, or something to do that begins on a page. */
export interface Further {
  readonly title: string;
  readonly to: LinkProps["to"];
  readonly search?: Readonly<Record<string, string | number | boolean>>;
  readonly icon: LucideIcon;
  readonly needs?: string;
}

/** The pages that are tabs of those in the rail. */
export const TABS: readonly Further[] = [
  { title: "Groups", to: "/groups", icon: UsersRound, needs: "listGroups" },
  { title: "Sessions", to: "/sessions", icon: MonitorSmartphone, needs: "listSessions" },
  { title: "Refused requests and reads", to: "/audit/access", icon: ShieldX, needs: "getAccessLog" },
  { title: "Encryption keys", to: "/kms-keys", icon: KeyRound, needs: "listKmsKeys" },
];

/** What can be begun from every page. */
export const BEGINNINGS: readonly Omit<Further, "icon">[] = [
  { title: "Create a bucket", to: "/buckets", search: { create: true } },
  { title: "Create a user", to: "/users", search: { create: true }, needs: "createUser" },
  { title: "Create a group", to: "/groups", search: { create: true }, needs: "createGroup" },
  { title: "Create a policy", to: "/policies", search: { create: true }, needs: "putPolicy" },
  { title: "Create an encryption key", to: "/kms-keys", search: { create: true }, needs: "createKmsKey" },
  { title: "Add a consumer", to: "/consumers", search: { add: true }, needs: "addConsumer" },
  { title: "Add a link to another region", to: "/replication", search: { add: true }, needs: "addLink" },
  { title: "Play the log from its first event", to: "/events", search: { after: 0, speed: 10 } },
  { title: "Show the errors of all roles", to: "/logs", search: { of: "errors" }, needs: "getErrors" },
  {
    title: "Show logins that failed",
    to: "/audit/access",
    search: { kind: "login_failed" },
    needs: "getAccessLog",
  },
];
