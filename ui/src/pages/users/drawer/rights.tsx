import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { groupsQuery } from "@/data/groups";
import { policiesQuery } from "@/data/policies";
import { type User, useMembership, useUserPolicy } from "@/data/users";
import { LINK } from "@/parts/link";
import { Names } from "@/parts/names";

/** The groups of a user, and the policies that the user has. */
export function Rights({ user }: { user: User }) {
  const groups = useInfiniteQuery(groupsQuery).data?.pages.flatMap((page) => page.groups) ?? [];
  const policies = useInfiniteQuery(policiesQuery).data?.pages.flatMap((page) => page.policies) ?? [];
  const membership = useMembership();
  const attachment = useUserPolicy();
  const { name } = user;
  const isRoot = !user.created;
  const ofGroups = groups.filter((group) => user.groups.includes(group.name) && group.policies.length > 0);
  return (
    <>
      <Names
        title="Groups"
        names={user.groups}
        known={groups.map((group) => group.name)}
        empty="The user is in no group."
        verb="Add to group"
        isFixed={isRoot}
        isBusy={membership.isPending}
        error={membership.error}
        show={(group) => (
          <Link to="/groups" search={{ group }} className={LINK}>
            {group}
          </Link>
        )}
        onAdd={(group, onSuccess) => membership.mutate({ user: name, group, isMember: true }, { onSuccess })}
        onRemove={(group) => membership.mutate({ user: name, group, isMember: false })}
      />
      <Names
        title="Policies"
        names={user.policies}
        known={policies.map((policy) => policy.name)}
        empty={
          user.role === "admin"
            ? "None: an administrator may do everything that no policy denies."
            : "The user has no policies."
        }
        verb="Attach policy"
        isFixed={isRoot}
        isBusy={attachment.isPending}
        error={attachment.error}
        show={(policy) => (
          <Link to="/policies" search={{ policy }} className={LINK}>
            {policy}
          </Link>
        )}
        onAdd={(policy, onSuccess) =>
          attachment.mutate({ user: name, policy, isAttached: true }, { onSuccess })
        }
        onRemove={(policy) => attachment.mutate({ user: name, policy, isAttached: false })}
      />
      {ofGroups.length > 0 && (
        <p className="-mt-3 text-xs text-muted">
          By groups: {ofGroups.map((group) => `${group.policies.join(", ")} (${group.name})`).join("; ")}.
        </p>
      )}
    </>
  );
}
