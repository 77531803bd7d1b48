import { useState } from "react";
import { type User, useChangeUser } from "@/data/users";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input } from "@/parts/field";
import { RoleField } from "../role-field";

/** Changes what is known of a user, and their limits. */
export function EditUser({ user, isOpen, onClose }: { user: User; isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title={`Edit ${user.name}`} isOpen={isOpen} onClose={onClose}>
      {isOpen && <Form user={user} onClose={onClose} />}
    </Dialog>
  );
}

const text = (limit: number | null | undefined) => (limit == null ? "" : String(limit));
const limit = (typed: string) => (typed.trim() === "" ? null : Number(typed));

function Form({ user, onClose }: { user: User; onClose: () => void }) {
  const [typed, setTyped] = useState({
    display_name: user.display_name,
    email: user.email ?? "",
    requests: text(user.limits.requests_per_second),
    bytes: text(user.limits.bytes_per_second),
  });
  const [role, setRole] = useState<User["role"]>(user.role);
  const change = useChangeUser();
  const field = (name: keyof typeof typed) => ({
    value: typed[name],
    onChange: (event: { target: { value: string } }) => setTyped({ ...typed, [name]: event.target.value }),
  });
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (change.isPending) return;
        const limits = {
          requests_per_second: limit(typed.requests),
          bytes_per_second: limit(typed.bytes),
        };
        const display_name = typed.display_name.trim();
        const email = typed.email.trim() || null;
        change.mutate({ name: user.name, display_name, email, role, limits }, { onSuccess: onClose });
      }}
    >
      <Field label="Display name">
        {(control) => <Input {...control} autoFocus required {...field("display_name")} />}
      </Field>
      <Field label="E-mail">{(control) => <Input {...control} type="email" {...field("email")} />}</Field>
      <RoleField role={role} onRole={setRole} />
      <div className="grid grid-cols-2 gap-3">
        <Field
          label="Requests per second"
          hint="For all keys together. If it is empty, only the limits of the store apply."
        >
          {(control) => <Input {...control} type="number" min={1} {...field("requests")} />}
        </Field>
        <Field label="Bytes per second" hint="In and out, for all keys together.">
          {(control) => <Input {...control} type="number" min={1} {...field("bytes")} />}
        </Field>
      </div>
      <DialogActions error={change.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={change.isPending}>
          Save
        </Button>
      </DialogActions>
    </form>
  );
}
