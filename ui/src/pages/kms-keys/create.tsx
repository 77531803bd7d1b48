import { useState } from "react";
import { useCreateKmsKey } from "@/data/kms-keys";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input } from "@/parts/field";

export function CreateKmsKey({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog
      title="Create an encryption key"
      about="Objects that are encrypted with SSE-KMS name it. The store makes the key itself, and keeps it sealed."
      isOpen={isOpen}
      onClose={onClose}
    >
      {isOpen && <Form onClose={onClose} />}
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const create = useCreateKmsKey();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!create.isPending) create.mutate(name.trim(), { onSuccess: onClose });
      }}
    >
      <Field label="Name" hint="Clients send it as x-amz-server-side-encryption-aws-kms-key-id.">
        {(control) => (
          <Input
            {...control}
            isMono
            autoFocus
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <DialogActions error={create.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={create.isPending}>
          Create key
        </Button>
      </DialogActions>
    </form>
  );
}
