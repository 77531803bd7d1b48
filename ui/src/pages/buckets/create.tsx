import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCreateBucket } from "@/data/buckets";
import { Refused } from "@/data/http";
import { regionQuery } from "@/data/status";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Checkbox, Field, Input } from "@/parts/field";
import { explain } from "@/parts/states";
import { nameProblem, parseBytes } from "./name";

export function CreateBucket({
  isOpen,
  onClose,
  onCreated,
}: {
  isOpen: boolean;
  onClose: () => void;
  onCreated: (bucket: string) => void;
}) {
  const { data: region } = useQuery(regionQuery);
  return (
    <Dialog
      title="Create a bucket"
      about={`In the region ${region?.name ?? "of this store"}.`}
      isOpen={isOpen}
      onClose={onClose}
    >
      {isOpen && <Form onClose={onClose} onCreated={onCreated} />}
    </Dialog>
  );
}

/** Refusals that are about the name. */
const ABOUT_NAME = /^(BucketAlreadyExists|BucketAlreadyOwnedByYou|InvalidBucketName)$/;

function Form({ onClose, onCreated }: { onClose: () => void; onCreated: (bucket: string) => void }) {
  const [name, setName] = useState("");
  const [isVersioned, setVersioned] = useState(false);
  const [isLockable, setLockable] = useState(false);
  const [quota, setQuota] = useState("");
  const [isSent, setSent] = useState(false);
  const create = useCreateBucket();
  const quotaBytes = quota.trim() === "" ? undefined : parseBytes(quota);
  const isQuotaWrong = quota.trim() !== "" && quotaBytes === undefined;
  const refusal =
    create.error instanceof Refused && ABOUT_NAME.test(create.error.code) ? create.error : undefined;
  const problem = nameProblem(name);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        setSent(true);
        if (problem === undefined && !isQuotaWrong && !create.isPending) {
          create.mutate({ name, isVersioned, isLockable, quotaBytes }, { onSuccess: () => onCreated(name) });
        }
      }}
    >
      <Field
        label="Name"
        hint="The name is part of addresses and cannot be changed."
        error={refusal ? explain(refusal) : isSent ? problem : undefined}
      >
        {(control) => (
          <Input
            {...control}
            isMono
            autoFocus
            maxLength={63}
            value={name}
            onChange={(event) => {
              setName(event.target.value);
              create.reset();
            }}
          />
        )}
      </Field>
      <Option
        label="Keep versions"
        hint="Overwritten and deleted objects can be restored. Versioning can be suspended later."
        isChecked={isVersioned || isLockable}
        disabled={isLockable}
        onChange={setVersioned}
      />
      <Option
        label="Object lock"
        hint="Objects can be protected against deletion for a time. Object lock needs versions and cannot be disabled."
        isChecked={isLockable}
        onChange={setLockable}
      />
      <Field
        label="Quota"
        hint="For all versions together. Leave it empty for no quota."
        error={isQuotaWrong && isSent ? "Write a size such as 500 GiB." : undefined}
      >
        {(control) => (
          <Input
            {...control}
            isMono
            placeholder="500 GiB"
            className="!w-40"
            value={quota}
            onChange={(event) => setQuota(event.target.value)}
          />
        )}
      </Field>
      <DialogActions error={refusal ? undefined : create.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={create.isPending}>
          Create bucket
        </Button>
      </DialogActions>
    </form>
  );
}

function Option({
  label,
  hint,
  ...rest
}: {
  label: string;
  hint: string;
  isChecked: boolean;
  disabled?: boolean;
  onChange: (is: boolean) => void;
}) {
  return (
    <div>
      <Checkbox label={label} {...rest} />
      <p className="ml-6 text-xs text-muted">{hint}</p>
    </div>
  );
}
