import { useState } from "react";
import { useCreateGroup } from "@/data/groups";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input } from "@/parts/field";

export function CreateGroup({
  isOpen,
  onClose,
  onCreated,
}: {
  isOpen: boolean;
  onClose: () => void;
  onCreated: (group: string) => void;
}) {
  return (
    <Dialog
      title="Create a group"
      about="The group begins without members and policies."
      isOpen={isOpen}
      onClose={onClose}
    >
      {isOpen && <Form onClose={onClose} onCreated={onCreated} />}
    </Dialog>
  );
}

function Form({ onClose, onCreated }: { onClose: () => void; onCreated: (group: string) => void }) {
  const [name, setName] = useState("");
  const create = useCreateGroup();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!create.isPending) create.mutate(name.trim(), { onSuccess: (group) => onCreated(group.name) });
      }}
    >
      <Field label="Name" hint="Letters, digits and + = , . @ _ -, at most 64. It cannot be changed.">
        {(control) => (
          <Input
            {...control}
            isMono
            autoFocus
            required
            maxLength={64}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <DialogActions error={create.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={create.isPending}>
          Create group
        </Button>
      </DialogActions>
    </form>
  );
}
