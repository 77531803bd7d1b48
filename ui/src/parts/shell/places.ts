import {
  Activity,
  Boxes,
  Cable,
  Container,
  FileClock,
  Globe,
  KeySquare,
  LayoutDashboard,
  type LucideIcon,
  ScrollText,
  Settings,
  Users,
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
  /** The letter behind `g`. */
  readonly key: string;
}

/** The pages of the rail, in groups. */
export const PLACES: readonly (readonly Place[])[] = [
  [
    { title: "Overview", to: "/", icon: LayoutDashboard, key: "o" },
    { title: "Live", to: "/events", icon: Activity, key: "e" },
    { title: "Consumers", to: "/consumers", icon: Cable, key: "c" },
  ],
  [
    { title: "Buckets", to: "/buckets", icon: Container, key: "b" },
    { title: "Nodes & work", to: "/nodes", icon: Boxes, key: "n" },
    { title: "Replication", to: "/replication", icon: Globe, key: "r" },
  ],
  [
    { title: "Users", to: "/users", icon: Users, key: "u" },
    { title: "Policies", to: "/policies", icon: KeySquare, key: "p" },
  ],
  [
    { title: "Audit", to: "/audit", icon: FileClock, key: "a" },
    { title: "Logs", to: "/logs", icon: ScrollText, key: "l" },
    { title: "Settings", to: "/settings", icon: Settings, key: "s" },
  ],
];
