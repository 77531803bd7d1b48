import { useState } from "react";
import { type User, useCreateUser } from "@/data/users";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input } from "@/parts/field";
import { RoleField } from "./role-field";

export function CreateUser({
  isOpen,
  onClose,
  onCreated,
}: {
  isOpen: boolean;
  onClose: () => void;
  onCreated: (user: string) => void;
}) {
  return (
    <Dialog
      title="Create a user"
      about="A new user has no rights until a policy or a group grants them."
      isOpen={isOpen}
      onClose={onClose}
    >
      {isOpen && <Form onClose={onClose} onCreated={onCreated} />}
    </Dialog>
  );
}

function Form({ onClose, onCreated }: { onClose: () => void; onCreated: (user: string) => void }) {
  const [typed, setTyped] = useState({ name: "", display_name: "", email: "", password: "" });
  const [role, setRole] = useState<User["role"]>("user");
  const create = useCreateUser();
  const field = (name: keyof typeof typed) => ({
    value: typed[name],
    onChange: (event: { target: { value: string } }) => setTyped({ ...typed, [name]: event.target.value }),
  });
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (create.isPending) return;
        const user = {
          name: typed.name.trim(),
          display_name: typed.display_name.trim() || null,
          email: typed.email.trim() || null,
          password: typed.password || null,
          role,
        };
        create.mutate(user, { onSuccess: ({ name }) => onCreated(name) });
      }}
    >
      <Field label="Name" hint="Letters, digits and + = , . @ _ -, at most 64. It cannot be changed.">
        {(control) => <Input {...control} isMono autoFocus required maxLength={64} {...field("name")} />}
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label="Display name">{(control) => <Input {...control} {...field("display_name")} />}</Field>
        <Field label="E-mail">{(control) => <Input {...control} type="email" {...field("email")} />}</Field>
      </div>
      <Field label="Password" hint="Empty for a user who only uses S3 with keys, and does not sign in here.">
        {(control) => (
          <Input {...control} type="password" autoComplete="new-password" {...field("password")} />
        )}
      </Field>
      <RoleField role={role} onRole={setRole} />
      <DialogActions error={create.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={create.isPending}>
          Create user
        </Button>
      </DialogActions>
    </form>
  );
}
