import type { Seen } from "@/data/last-seen";
import type { User } from "@/data/users";
import { State, Tag } from "@/parts/badge";
import type { Column } from "@/parts/table";
import { Ago } from "@/parts/time";

/** The word for how a user may come in. */
export function UserState({ user }: { user: Pick<User, "enabled" | "has_password"> }) {
  if (!user.enabled) return <State tone="warning">disabled</State>;
  return <State tone="ok">{user.has_password ? "enabled" : "keys only"}</State>;
}

/** Columns that show who is here. */
export function columnsWith(seen: ReadonlyMap<string, Seen>): readonly Column<User>[] {
  return [
    {
      id: "name",
      title: "Name",
      size: "minmax(10rem, 1.5fr)",
      by: (user) => user.name,
      cell: ({ name, display_name }) => (
        <span className="flex min-w-0 items-baseline gap-2">
          <span className="font-medium">{name}</span>
          {display_name !== name && <span className="truncate text-xs text-muted">{display_name}</span>}
        </span>
      ),
    },
    { id: "state", title: "State", size: "7rem", cell: (user) => <UserState user={user} /> },
    {
      id: "role",
      title: "Role",
      size: "8rem",
      from: "md",
      by: (user) => user.role,
      cell: ({ role }) =>
        role === "admin" ? <Tag>administrator</Tag> : <span className="text-muted">user</span>,
    },
    {
      id: "groups",
      title: "Groups",
      size: "minmax(8rem, 1fr)",
      from: "lg",
      by: (user) => user.groups.join(),
      cell: ({ groups }) => <List names={groups} />,
    },
    {
      id: "policies",
      title: "Policies",
      size: "minmax(9rem, 1fr)",
      from: "lg",
      by: (user) => user.policies.join(),
      cell: ({ policies }) => <List names={policies} />,
    },
    {
      id: "seen",
      title: "Last seen",
      size: "8rem",
      by: ({ name }) => seen.get(name)?.time ?? null,
      cell: ({ name }) => <LastSeen seen={seen.get(name)} />,
    },
    {
      id: "created",
      title: "Created",
      size: "7.5rem",
      from: "xl",
      by: (user) => user.created,
      cell: ({ created }) => created && <Ago time={created} className="text-muted" />,
    },
  ];
}

/** The moment of the last request or event. Of what was longer ago, nothing is known here. */
export function LastSeen({ seen }: { seen: Seen | undefined }) {
  if (seen === undefined)
    return (
      <span className="text-muted" title="Not in the last five minutes, and not since this page was opened">
        not lately
      </span>
    );
  return <Ago time={seen.time} />;
}

function List({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <span className="text-muted">none</span>;
  return <span title={names.join(", ")}>{names.join(", ")}</span>;
}
