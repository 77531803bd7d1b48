import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { type Group, useDeleteGroup, useGroupPolicy } from "@/data/groups";
import { policiesQuery } from "@/data/policies";
import { userNamesQuery } from "@/data/user-names";
import { useMembership } from "@/data/users";
import { Button } from "@/parts/button";
import { ConfirmDialog } from "@/parts/dialog";
import { Drawer } from "@/parts/drawer";
import { plural } from "@/parts/format";
import { LINK } from "@/parts/link";
import { Names } from "@/parts/names";
import { Ago } from "@/parts/time";

/** All about a group. */
export function GroupDrawer({ group, onClose }: { group: Group; onClose: () => void }) {
  const { name, members, policies, created } = group;
  const users = useQuery(userNamesQuery);
  const known = useInfiniteQuery(policiesQuery).data?.pages.flatMap((page) => page.policies) ?? [];
  const membership = useMembership();
  const attachment = useGroupPolicy();
  const remove = useDeleteGroup();
  const [isRemoving, setRemoving] = useState(false);
  const close = () => {
    remove.reset();
    setRemoving(false);
  };
  return (
    <Drawer
      label={`Group ${name}`}
      onClose={onClose}
      title={<span className="truncate font-medium">{name}</span>}
    >
      <div className="flex flex-col gap-5 p-4">
        <div className="flex items-center gap-3">
          <span className="flex-1 text-table text-muted">
            {plural(members.length, "member")}, created <Ago time={created} />
          </span>
          <Button isSmall look="danger" icon={Trash2} onClick={() => setRemoving(true)}>
            Delete
          </Button>
        </div>
        <Names
          title="Members"
          names={members}
          known={users.data ?? []}
          empty="The group has no members."
          verb="Add member"
          isBusy={membership.isPending}
          error={membership.error}
          show={(user) => (
            <Link to="/users" search={{ user }} className={LINK}>
              {user}
            </Link>
          )}
          onAdd={(user, onSuccess) => membership.mutate({ user, group: name, isMember: true }, { onSuccess })}
          onRemove={(user) => membership.mutate({ user, group: name, isMember: false })}
        />
        <Names
          title="Policies"
          names={policies}
          known={known.map((policy) => policy.name)}
          empty="None: the group gives its members no rights."
          verb="Attach policy"
          isBusy={attachment.isPending}
          error={attachment.error}
          show={(policy) => (
            <Link to="/policies" search={{ policy }} className={LINK}>
              {policy}
            </Link>
          )}
          onAdd={(policy, onSuccess) =>
            attachment.mutate({ group: name, policy, isAttached: true }, { onSuccess })
          }
          onRemove={(policy) => attachment.mutate({ group: name, policy, isAttached: false })}
        />
      </div>
      <ConfirmDialog
        title={`Delete the group ${name}`}
        action="Delete group"
        isOpen={isRemoving}
        isBusy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => remove.mutate(name, { onSuccess: onClose })}
      >
        <p>
          {plural(members.length, "member")} will lose what {plural(policies.length, "policy", "policies")} of
          the group allowed. The users and the policies stay.
        </p>
      </ConfirmDialog>
    </Drawer>
  );
}
