import { useState } from "react";
import { type User, useSetPassword } from "@/data/users";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input } from "@/parts/field";

interface PasswordProps {
  user: User;
  /** Whether it is whoever is signed in. */
  isSelf: boolean;
  isOpen: boolean;
  onClose: () => void;
}

/** Sets the password of a user, or removes it. */
export function PasswordDialog(props: PasswordProps) {
  const { user, isSelf, isOpen, onClose } = props;
  return (
    <Dialog
      title={`The password of ${user.name}`}
      about={
        isSelf
          ? "You will be signed out everywhere, including here."
          : "All sessions of the user end. Keys keep working."
      }
      isOpen={isOpen}
      onClose={onClose}
    >
      {isOpen && <Form {...props} />}
    </Dialog>
  );
}

function Form({ user, isSelf, onClose }: PasswordProps) {
  const [password, setPassword] = useState("");
  const [former, setFormer] = useState("");
  const change = useSetPassword();
  const set = (next: string | null) => {
    const old_password = isSelf ? former : undefined;
    change.mutate({ user: user.name, password: next, old_password }, { onSuccess: onClose });
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!change.isPending) set(password);
      }}
    >
      {isSelf && (
        <Field label="Current password">
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              required
              value={former}
              onChange={(event) => setFormer(event.target.value)}
            />
          )}
        </Field>
      )}
      <Field label="New password">
        {(control) => (
          <Input
            {...control}
            type="password"
            autoComplete="new-password"
            autoFocus={!isSelf}
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <DialogActions error={change.error}>
        {!isSelf && user.has_password && (
          <Button look="danger" className="mr-auto" isBusy={change.isPending} onClick={() => set(null)}>
            Remove the password
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={change.isPending}>
          Set password
        </Button>
      </DialogActions>
    </form>
  );
}
