import { useQuery } from "@tanstack/react-query";
import type { Seen } from "@/data/last-seen";
import { type User, userQuery } from "@/data/users";
import { Tag } from "@/parts/badge";
import { Drawer } from "@/parts/drawer";
import { bytes, plural } from "@/parts/format";
import { Facts } from "@/parts/page";
import { Failure, SkeletonRows } from "@/parts/states";
import { Ago } from "@/parts/time";
import { LastSeen, UserState } from "../columns";
import { UserActions } from "./actions";
import { Keys } from "./keys";
import { Rights } from "./rights";
import { Sessions } from "./sessions";

/** All about a user. */
export function UserDrawer({
  name,
  seen,
  onClose,
}: {
  name: string;
  seen: Seen | undefined;
  onClose: () => void;
}) {
  const query = useQuery(userQuery(name));
  const user = query.data;
  return (
    <Drawer
      label={`User ${name}`}
      onClose={onClose}
      title={
        <span className="flex items-center gap-3">
          <span className="truncate font-medium">{name}</span>
          {user && <UserState user={user} />}
          {user?.role === "admin" && <Tag>administrator</Tag>}
        </span>
      }
    >
      {user ? (
        <div className="flex flex-col gap-5 p-4">
          <UserActions user={user} onDeleted={onClose} />
          <Facts facts={factsOf(user, seen)} />
          <Rights user={user} />
          <Keys user={name} isRoot={!user.created} />
          <Sessions user={name} />
        </div>
      ) : query.isPending ? (
        <SkeletonRows rows={10} />
      ) : (
        <Failure
          error={query.error}
          what={`${name} could not be shown.`}
          onRetry={() => void query.refetch()}
        />
      )}
    </Drawer>
  );
}

function factsOf(user: User, seen: Seen | undefined) {
  const { bytes_per_second: rate, requests_per_second: requests } = user.limits;
  const limits = [
    requests != null && `${plural(requests, "request")} per second`,
    rate != null && `${bytes(rate)} a second`,
  ].filter(Boolean);
  const lately = seen?.requests === undefined ? "" : `, ${plural(seen.requests, "request")} in five minutes`;
  return [
    ["Display name", user.display_name],
    ["E-mail", user.email || "–"],
    [
      "Last seen",
      <span key="seen">
        <LastSeen seen={seen} />
        {lately}
      </span>,
    ],
    ["Password", user.has_password ? "set" : "none: the user cannot sign in, but keys work"],
    ["Limits", limits.join(", ") || "none of their own"],
    ["Created", user.created ? <Ago key="created" time={user.created} /> : "with the store"],
    [
      "Canonical id",
      <span key="id" className="name !whitespace-pre-wrap break-all text-muted">
        {user.id}
      </span>,
    ],
  ] as const;
}
