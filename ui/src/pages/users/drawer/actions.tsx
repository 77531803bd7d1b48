import { Ban, KeyRound, Pencil, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { useSession } from "@/data/session";
import { type User, useChangeUser, useDeleteUser } from "@/data/users";
import { Button } from "@/parts/button";
import { ConfirmDialog } from "@/parts/dialog";
import { explain, Notice } from "@/parts/states";
import { EditUser } from "./edit-user";
import { PasswordDialog } from "./password";

/** What can be done to a user. */
export function UserActions({ user, onDeleted }: { user: User; onDeleted: () => void }) {
  const [open, setOpen] = useState<"edit" | "password" | "disable" | "delete">();
  const change = useChangeUser();
  const remove = useDeleteUser();
  const { user: self } = useSession();
  const close = () => {
    change.reset();
    remove.reset();
    setOpen(undefined);
  };
  const { name, enabled } = user;
  // Root is made with the store, and has no time of creation.
  if (!user.created)
    return (
      <Notice>Root is created with the store. Its key and password are set when the store starts.</Notice>
    );
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button isSmall icon={Pencil} onClick={() => setOpen("edit")}>
          Edit
        </Button>
        <Button isSmall icon={KeyRound} onClick={() => setOpen("password")}>
          Password
        </Button>
        {name !== self && (
          <>
            {enabled ? (
              <Button isSmall icon={Ban} onClick={() => setOpen("disable")}>
                Disable
              </Button>
            ) : (
              <Button
                isSmall
                icon={Play}
                isBusy={change.isPending}
                onClick={() => change.mutate({ name, enabled: true })}
              >
                Enable
              </Button>
            )}
            <Button isSmall look="danger" icon={Trash2} onClick={() => setOpen("delete")}>
              Delete
            </Button>
          </>
        )}
      </div>
      {open === undefined && change.error && <Notice tone="danger">{explain(change.error)}</Notice>}
      <EditUser user={user} isOpen={open === "edit"} onClose={close} />
      <PasswordDialog user={user} isSelf={name === self} isOpen={open === "password"} onClose={close} />
      <ConfirmDialog
        title={`Disable ${name}?`}
        action="Disable user"
        look="primary"
        isOpen={open === "disable"}
        isBusy={change.isPending}
        error={change.error}
        onClose={close}
        onConfirm={() => change.mutate({ name, enabled: false }, { onSuccess: close })}
      >
        <p>The user's keys and password are refused until the user is enabled again. Nothing is deleted.</p>
      </ConfirmDialog>
      <ConfirmDialog
        title={`Delete the user ${name}`}
        action="Delete user"
        typed={name}
        isOpen={open === "delete"}
        isBusy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => remove.mutate(name, { onSuccess: onDeleted })}
      >
        <p>All keys and sessions of the user end. Buckets and objects stay; so do the events.</p>
      </ConfirmDialog>
    </>
  );
}
