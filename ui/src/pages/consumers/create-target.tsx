import { useState } from "react";
import { type NewTarget, type Target, useCreateTarget } from "@/data/targets";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input, Select } from "@/parts/field";
import { SecretsOnce } from "@/parts/secret";

export function CreateTarget({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [created, setCreated] = useState<Target>();
  const close = () => {
    setCreated(undefined);
    onClose();
  };
  return (
    <Dialog
      title={created ? `The key of ${created.name}` : "Create a target"}
      isOpen={isOpen}
      onClose={close}
    >
      {created?.secret ? (
        <>
          <p className="mb-3 text-sm">
            Requests to the webhook are signed with this key, so that it can verify their sender.
          </p>
          <SecretsOnce values={[["key", created.secret]]} />
          <DialogActions>
            <Button look="primary" onClick={close}>
              I have copied it
            </Button>
          </DialogActions>
        </>
      ) : (
        isOpen && (
          <Form onCreated={(target) => (target.secret ? setCreated(target) : close())} onClose={close} />
        )
      )}
    </Dialog>
  );
}

const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);

function Form({ onCreated, onClose }: { onCreated: (target: Target) => void; onClose: () => void }) {
  const [target, setTarget] = useState<NewTarget>({
    name: "",
    kind: "webhook",
    format: "cloudevents-structured",
    filter: null,
  });
  const [where, setWhere] = useState("");
  const [types, setTypes] = useState("");
  const [buckets, setBuckets] = useState("");
  const create = useCreateTarget();
  const set = (change: Partial<NewTarget>) => setTarget({ ...target, ...change });
  const isWebhook = target.kind === "webhook";
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const place = isWebhook ? { url: where.trim() } : { subject: where.trim() };
        const filter = { types: list(types), buckets: list(buckets) };
        create.mutate({ ...target, ...place, filter }, { onSuccess: onCreated });
      }}
    >
      <Field label="Name">
        {(control) => (
          <Input
            {...control}
            isMono
            autoFocus
            required
            value={target.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        )}
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label="Kind">
          {(control) => (
            <Select
              {...control}
              value={target.kind}
              onChange={(event) => set({ kind: event.target.value as NewTarget["kind"] })}
            >
              <option value="webhook">Webhook</option>
              <option value="nats">NATS subject</option>
            </Select>
          )}
        </Field>
        <Field label="Format">
          {(control) => (
            <Select
              {...control}
              value={target.format ?? undefined}
              onChange={(event) => set({ format: event.target.value as NewTarget["format"] })}
            >
              <option value="cloudevents-structured">CloudEvents, structured</option>
              <option value="cloudevents-binary">CloudEvents, binary</option>
              <option value="aws-records">Records as in AWS</option>
            </Select>
          )}
        </Field>
      </div>
      <Field label={isWebhook ? "URL" : "Subject"} hint={isWebhook ? undefined : "It begins with notify."}>
        {(control) => (
          <Input
            {...control}
            isMono
            required
            type={isWebhook ? "url" : "text"}
            placeholder={isWebhook ? "https://" : "notify."}
            value={where}
            onChange={(event) => setWhere(event.target.value)}
          />
        )}
      </Field>
      <Field label="Types" hint="Such as object.created bucket. Empty for all.">
        {(control) => (
          <Input {...control} isMono value={types} onChange={(event) => setTypes(event.target.value)} />
        )}
      </Field>
      <Field label="Buckets" hint="Empty for all events.">
        {(control) => (
          <Input {...control} isMono value={buckets} onChange={(event) => setBuckets(event.target.value)} />
        )}
      </Field>
      <DialogActions error={create.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={create.isPending}>
          Create target
        </Button>
      </DialogActions>
    </form>
  );
}
