import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Braces, Trash2 } from "lucide-react";
import { useState } from "react";
import { groupsQuery, useGroupPolicy } from "@/data/groups";
import { type Policy, useDeletePolicy } from "@/data/policies";
import { userNamesQuery } from "@/data/user-names";
import { useUserPolicy } from "@/data/users";
import { Tag } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Code } from "@/parts/copy";
import { ConfirmDialog } from "@/parts/dialog";
import { Drawer } from "@/parts/drawer";
import { LINK } from "@/parts/link";
import { Names } from "@/parts/names";
import { PolicyWords } from "@/parts/policy/policy-words";
import { PolicyForm } from "./policy-form";

/** All about a policy: in words, as JSON, and who has it. */
export function PolicyDrawer({ policy, onClose }: { policy: Policy; onClose: () => void }) {
  const { name, built_in } = policy;
  const [isEditing, setEditing] = useState(false);
  const [isRemoving, setRemoving] = useState(false);
  const remove = useDeletePolicy();
  const document = JSON.stringify(policy.document, null, 2);
  const holders = (policy.users?.length ?? 0) + (policy.groups?.length ?? 0);
  const close = () => {
    remove.reset();
    setRemoving(false);
  };
  return (
    <Drawer
      label={`Policy ${name}`}
      onClose={onClose}
      title={
        <span className="flex items-center gap-3">
          <span className="truncate font-medium">{name}</span>
          {built_in && <Tag>built in</Tag>}
        </span>
      }
    >
      <div className="flex flex-col gap-5 p-4">
        {isEditing ? (
          <PolicyForm
            name={name}
            document={document}
            onStored={() => setEditing(false)}
            onCancel={() => setEditing(false)}
          />
        ) : (
          <>
            {!built_in && (
              <div className="flex gap-2">
                <Button isSmall icon={Braces} onClick={() => setEditing(true)}>
                  Edit
                </Button>
                <Button isSmall look="danger" icon={Trash2} onClick={() => setRemoving(true)}>
                  Delete
                </Button>
              </div>
            )}
            <PolicyWords document={document} />
            <Holders policy={policy} />
            <Code label="Document">{document}</Code>
          </>
        )}
      </div>
      <ConfirmDialog
        title={`Delete the policy ${name}`}
        action="Delete policy"
        isOpen={isRemoving}
        isImpossible={holders > 0}
        isBusy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => remove.mutate(name, { onSuccess: onClose })}
      >
        <p>
          {holders > 0
            ? "It is attached to users or groups. Detach it from all of them first."
            : "It is attached to no user and no group, so nobody loses a right. Its events stay on the log."}
        </p>
      </ConfirmDialog>
    </Drawer>
  );
}

/** To whom it is attached. Of built-in ones, each user and group says it. */
function Holders({ policy: { name, users, groups, built_in } }: { policy: Policy }) {
  const people = useQuery(userNamesQuery);
  const known = useInfiniteQuery(groupsQuery).data?.pages.flatMap((page) => page.groups) ?? [];
  const ofUser = useUserPolicy();
  const ofGroup = useGroupPolicy();
  const having = known.filter((group) => group.policies.includes(name)).map((group) => group.name);
  return (
    <>
      {!built_in && (
        <Names
          title="Users"
          names={users ?? []}
          known={people.data ?? []}
          empty="Attached to no user."
          verb="Attach to user"
          isBusy={ofUser.isPending}
          error={ofUser.error}
          show={(user) => (
            <Link to="/users" search={{ user }} className={LINK}>
              {user}
            </Link>
          )}
          onAdd={(user, onSuccess) => ofUser.mutate({ user, policy: name, isAttached: true }, { onSuccess })}
          onRemove={(user) => ofUser.mutate({ user, policy: name, isAttached: false })}
        />
      )}
      <Names
        title="Groups"
        names={groups ?? having}
        known={known.map((group) => group.name)}
        empty="Attached to no group."
        verb="Attach to group"
        isBusy={ofGroup.isPending}
        error={ofGroup.error}
        show={(group) => (
          <Link to="/groups" search={{ group }} className={LINK}>
            {group}
          </Link>
        )}
        onAdd={(group, onSuccess) => ofGroup.mutate({ group, policy: name, isAttached: true }, { onSuccess })}
        onRemove={(group) => ofGroup.mutate({ group, policy: name, isAttached: false })}
      />
    </>
  );
}
