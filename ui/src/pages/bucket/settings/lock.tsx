import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Lock, lockQuery, versioningQuery } from "@/data/bucket";
import { useChange } from "@/data/change";
import { type DefaultRetention, putDefaultRetention } from "@/data/s3/settings";
import { Button } from "@/parts/button";
import { Field, Input, Select } from "@/parts/field";
import { Notice } from "@/parts/states";
import { Asked, Card, Refusal } from "./card";

const NO_LOCK: Lock = { isOn: false };

export function LockCard({ bucket }: { bucket: string }) {
  const versioning = useQuery(versioningQuery(bucket));
  const hasVersions = versioning.data === "Enabled";
  const lock = useQuery({ ...lockQuery(bucket), enabled: hasVersions });
  // Only buckets with versions have a lock, and others refuse the question. Without an answer to the first one, this card
  // has none either.
  const query = hasVersions ? lock : { ...versioning, data: versioning.data && NO_LOCK };
  return (
    <Card
      id="lock"
      title="Object lock"
      about="Locked versions cannot be deleted before their time, except by users whom the mode allows to do so."
    >
      <Asked query={query}>
        {(lock) =>
          lock.isOn ? (
            <RetentionForm key={JSON.stringify(lock)} bucket={bucket} lock={lock} />
          ) : (
            <p className="text-muted">
              Versions of this bucket cannot be locked. Object lock is enabled when a bucket is created, or
              with PutObjectLockConfiguration while it keeps versions.
            </p>
          )
        }
      </Asked>
    </Card>
  );
}

function RetentionForm({ bucket, lock }: { bucket: string; lock: Lock }) {
  const before = { mode: lock.mode ?? "none", days: String(lock.days ?? (lock.years ?? 0) * 365) };
  const [mode, setMode] = useState<string>(before.mode);
  const [days, setDays] = useState(lock.mode === undefined ? "30" : before.days);
  const change = useChange({
    run: (wanted: DefaultRetention | undefined) => putDefaultRetention(bucket, wanted),
    done: (_, wanted) =>
      wanted
        ? `New versions of ${bucket} are locked by default.`
        : `New versions of ${bucket} are not locked.`,
    nouns: ["bucket"],
  });
  const isCount = /^[1-9]\d*$/.test(days);
  const isSame = mode === before.mode && (mode === "none" || days === before.days);
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(
          mode === "none" ? undefined : { mode: mode as DefaultRetention["mode"], days: Number(days) },
        );
      }}
    >
      <Field label="New versions are">
        {(control) => (
          <Select
            {...control}
            className="!w-64"
            value={mode}
            onChange={(event) => setMode(event.target.value)}
          >
            <option value="none">not locked, unless their writer locks them</option>
            <option value="GOVERNANCE">locked (governance)</option>
            <option value="COMPLIANCE">locked (compliance)</option>
          </Select>
        )}
      </Field>
      {mode !== "none" && (
        <Field label="For how many days">
          {(control) => (
            <Input
              {...control}
              isMono
              inputMode="numeric"
              className="!w-28"
              value={days}
              onChange={(event) => setDays(event.target.value)}
            />
          )}
        </Field>
      )}
      <Button
        type="submit"
        look="primary"
        isBusy={change.isPending}
        disabled={isSame || (mode !== "none" && !isCount)}
      >
        Set retention
      </Button>
      {mode === "COMPLIANCE" && (
        <div className="basis-full">
          <Notice tone="warning">
            Nobody, not even an administrator, can delete a version that is locked for compliance before its
            time.
          </Notice>
        </div>
      )}
      <div className="basis-full empty:hidden">
        <Refusal error={change.error} />
      </div>
    </form>
  );
}
