import { useState } from "react";
import { useStorePolicy } from "@/data/policies";
import { Button } from "@/parts/button";
import { Field, Input, TextArea } from "@/parts/field";
import { PolicyWords } from "@/parts/policy/policy-words";
import { explain } from "@/parts/states";

const EXAMPLE = JSON.stringify(
  {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::BUCKET/*"] }],
  },
  null,
  2,
);

/** Writes a policy. The store says what is wrong with it; below, it is said in words while it is typed. */
export function PolicyForm({
  name: fixed,
  document,
  onStored,
  onCancel,
}: {
  /** Of one that exists already. */
  name?: string;
  document?: string;
  onStored: (name: string) => void;
  onCancel: () => void;
}) {
  const [name, setName] = useState(fixed ?? "");
  const [draft, setDraft] = useState(document ?? EXAMPLE);
  const store = useStorePolicy();
  const { error } = store;
  const refusal =
    error instanceof SyntaxError
      ? `This is not valid JSON: ${error.message}.`
      : error
        ? explain(error)
        : undefined;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (store.isPending) return;
        store.mutate(
          { name: name.trim(), document: draft },
          { onSuccess: (policy) => onStored(policy.name) },
        );
      }}
    >
      {fixed === undefined && (
        <Field label="Name" hint="Letters, digits and + = , . @ _ -, at most 64.">
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
      )}
      <Field label="Document" error={refusal}>
        {(control) => (
          <TextArea
            {...control}
            required
            rows={Math.min(24, Math.max(12, draft.split("\n").length))}
            value={draft}
            onChange={(event) => {
              setDraft(event.target.value);
              if (error) store.reset();
            }}
          />
        )}
      </Field>
      <section aria-label="In words" className="flex flex-col gap-1.5">
        <p className="text-xs font-medium text-muted">In words</p>
        <PolicyWords document={draft} />
      </section>
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={store.isPending}>
          {fixed === undefined ? "Create policy" : "Save policy"}
        </Button>
      </div>
    </form>
  );
}
