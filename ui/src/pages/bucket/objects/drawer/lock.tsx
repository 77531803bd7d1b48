import { useState } from "react";
import { useChange } from "@/data/change";
import { type At, type Head, putLegalHold, putRetention, type Retention } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { Button } from "@/parts/button";
import { Checkbox, Field, Input, Select, Switch } from "@/parts/field";
import { day } from "@/parts/format";
import { explain, Notice } from "@/parts/states";
import { Section } from "./section";

/** Until when a version cannot be deleted, and whether it is held besides. */
export function LockSection({ at, head }: { at: At; head: Head }) {
  const [isEditing, setEditing] = useState(false);
  const hold = useChange({
    run: (isOn: boolean) => putLegalHold(at, isOn),
    done: (_, isOn) => `${isOn ? "Put a legal hold on" : "Lifted the legal hold of"} ${at.key}.`,
    nouns: ["object"],
  });
  return (
    <Section
      title="Retention and legal hold"
      actions={
        !isEditing && (
          <Button isSmall look="quiet" onClick={() => setEditing(true)}>
            Edit retention
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-2 text-table">
        <p>
          {head.lockUntil
            ? `Nobody can delete this version before ${day(head.lockUntil)} (${head.lockMode === "COMPLIANCE" ? "compliance: not even an administrator" : "governance: users with the right to bypass it may end it"}).`
            : "No retention."}
        </p>
        {isEditing && <RetentionForm at={at} head={head} onClose={() => setEditing(false)} />}
        <Switch
          label="Legal hold: the version stays until the hold is lifted"
          isOn={head.hasLegalHold}
          disabled={hold.isPending}
          onChange={(isOn) => hold.mutate(isOn, { onSuccess: () => void refreshBucket(at.bucket) })}
        />
        {hold.isError && <Notice tone="danger">{explain(hold.error)}</Notice>}
      </div>
    </Section>
  );
}

function RetentionForm({ at, head, onClose }: { at: At; head: Head; onClose: () => void }) {
  const [mode, setMode] = useState(head.lockMode === "COMPLIANCE" ? "COMPLIANCE" : "GOVERNANCE");
  const [until, setUntil] = useState(head.lockUntil?.slice(0, 10) ?? "");
  const [isBypassing, setBypassing] = useState(false);
  const change = useChange({
    run: (retention: Retention | undefined) => putRetention(at, retention, isBypassing),
    done: (_, retention) =>
      retention
        ? `${at.key} is retained until ${day(retention.until)}.`
        : `Ended the retention of ${at.key}.`,
    nouns: ["object"],
  });
  return (
    <form
      className="flex flex-col gap-3 rounded-md border border-line bg-sunken p-3"
      onSubmit={(event) => {
        event.preventDefault();
        const retention =
          until === ""
            ? undefined
            : { mode: mode as Retention["mode"], until: new Date(`${until}T00:00:00Z`).toISOString() };
        change.mutate(retention, {
          onSuccess: () => {
            void refreshBucket(at.bucket);
            onClose();
          },
        });
      }}
    >
      <div className="grid grid-cols-2 gap-3">
        <Field label="Mode">
          {(control) => (
            <Select {...control} value={mode} onChange={(event) => setMode(event.target.value)}>
              <option value="GOVERNANCE">Governance</option>
              <option value="COMPLIANCE">Compliance</option>
            </Select>
          )}
        </Field>
        <Field label="Until" hint="Leave it empty to end the retention.">
          {(control) => (
            <Input
              {...control}
              type="date"
              value={until}
              onChange={(event) => setUntil(event.target.value)}
            />
          )}
        </Field>
      </div>
      {mode === "COMPLIANCE" && (
        <Notice tone="warning">Nobody can shorten or end a retention in compliance mode.</Notice>
      )}
      {head.lockMode === "GOVERNANCE" && (
        <Checkbox
          label="Use my right to bypass governance to shorten or end it"
          isChecked={isBypassing}
          onChange={setBypassing}
        />
      )}
      {change.isError && <Notice tone="danger">{explain(change.error)}</Notice>}
      <div className="flex justify-end gap-2">
        <Button isSmall onClick={onClose}>
          Cancel
        </Button>
        <Button isSmall type="submit" look="primary" isBusy={change.isPending}>
          Save retention
        </Button>
      </div>
    </form>
  );
}
