import { Download } from "lucide-react";
import { useState } from "react";
import { type AddedConsumer, useAddConsumer } from "@/data/consumers";
import { Button } from "@/parts/button";
import { Code } from "@/parts/copy";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input, Select } from "@/parts/field";
import { SecretsOnce, saveText } from "@/parts/secret";

export function AddConsumer({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [added, setAdded] = useState<AddedConsumer>();
  const close = () => {
    setAdded(undefined);
    onClose();
  };
  return (
    <Dialog
      title={added ? `The login of ${added.consumer.name}` : "Add a consumer"}
      about={added ? undefined : "It gets its own login, which may read these events and nothing else."}
      isOpen={isOpen}
      onClose={close}
    >
      {added ? (
        <Login added={added} onClose={close} />
      ) : (
        isOpen && <Form onAdded={setAdded} onClose={close} />
      )}
    </Dialog>
  );
}

function Form({ onAdded, onClose }: { onAdded: (added: AddedConsumer) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [bucket, setBucket] = useState("");
  const [type, setType] = useState("");
  const [from, setFrom] = useState("now");
  const add = useAddConsumer();
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const filter = { bucket: bucket.trim() || undefined, type: type.trim() || undefined };
        add.mutate({ name: name.trim(), filter, from }, { onSuccess: onAdded });
      }}
    >
      <Field label="Name">
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
      <Field label="Types" hint="Such as object, or object.created,bucket. Empty for all.">
        {(control) => (
          <Input {...control} isMono value={type} onChange={(event) => setType(event.target.value)} />
        )}
      </Field>
      <Field label="Bucket" hint="Empty for all, and for events about anything else.">
        {(control) => (
          <Input {...control} isMono value={bucket} onChange={(event) => setBucket(event.target.value)} />
        )}
      </Field>
      <Field label="Begins">
        {(control) => (
          <Select {...control} value={from} onChange={(event) => setFrom(event.target.value)}>
            <option value="now">with events from now on</option>
            <option value="start">with the first event of the log</option>
          </Select>
        )}
      </Field>
      <DialogActions error={add.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={add.isPending}>
          Add consumer
        </Button>
      </DialogActions>
    </form>
  );
}

/** The login, shown once. */
function Login({ added, onClose }: { added: AddedConsumer; onClose: () => void }) {
  const { credentials, snippet, consumer } = added;
  const lines = Object.entries(credentials)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
  return (
    <div className="flex flex-col gap-4">
      <SecretsOnce values={Object.entries(credentials)} />
      <Code label="Python">{snippet}</Code>
      <DialogActions>
        <Button icon={Download} onClick={() => saveText(`${consumer.name}.credentials`, `${lines}\n`)}>
          Save as a file
        </Button>
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </div>
  );
}
