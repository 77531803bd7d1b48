import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { checkPolicy } from "@/data/policy-check";
import { userNamesQuery } from "@/data/user-names";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Input, Select } from "@/parts/field";
import { Refusal } from "./card";

const ACTIONS = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:ListBucket",
  "s3:GetObjectVersion",
  "s3:DeleteObjectVersion",
  "s3:PutObjectTagging",
  "s3:PutBucketPolicy",
  "s3:PutLifecycleConfiguration",
  "s3:DeleteBucket",
] as const;

/** Actions on a bucket are about no key. */
const OF_BUCKET = /^s3:(ListBucket|PutBucketPolicy|PutLifecycleConfiguration|DeleteBucket)$/;

/** May this person do that here? The store answers as the gateway would decide. */
export function PolicyCheck({ bucket }: { bucket: string }) {
  const users = useQuery(userNamesQuery);
  const [user, setUser] = useState("");
  const [action, setAction] = useState<string>(ACTIONS[0]);
  const [key, setKey] = useState("");
  const check = useMutation({
    mutationFn: () => checkPolicy({ user, action, bucket, key: OF_BUCKET.test(action) ? undefined : key }),
  });
  const set =
    <Value,>(change: (value: Value) => void) =>
    (value: Value) => {
      change(value);
      check.reset();
    };
  return (
    <form
      aria-label="Check a user's rights"
      className="flex flex-col gap-2 border-t border-line pt-3"
      onSubmit={(event) => {
        event.preventDefault();
        check.mutate();
      }}
    >
      <div className="flex flex-wrap items-center gap-2">
        <span>May</span>
        <Input
          aria-label="Person"
          className="!w-32"
          list="policy-check-users"
          placeholder="anybody"
          value={user}
          onChange={(event) => set(setUser)(event.target.value)}
        />
        <datalist id="policy-check-users">
          {users.data?.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <span>do</span>
        <Select
          aria-label="Action"
          className="!w-48"
          value={action}
          onChange={(event) => set(setAction)(event.target.value)}
        >
          {ACTIONS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
        <span className="flex min-w-0 items-center gap-1">
          on <span className="name max-w-48 truncate">{OF_BUCKET.test(action) ? bucket : `${bucket}/`}</span>
        </span>
        {!OF_BUCKET.test(action) && (
          <Input
            aria-label="Key"
            isMono
            className="!w-36"
            placeholder="key"
            value={key}
            onChange={(event) => set(setKey)(event.target.value)}
          />
        )}
        <Button type="submit" isBusy={check.isPending} disabled={!OF_BUCKET.test(action) && key === ""}>
          Check
        </Button>
      </div>
      {check.data && (
        <div role="status" className="flex flex-wrap items-start gap-x-3 gap-y-1">
          <State tone={check.data.allowed ? "ok" : "danger"}>{check.data.allowed ? "Yes." : "No."}</State>
          <ul className="min-w-0 flex-1 text-table text-muted">
            {check.data.reasons.map((reason) => (
              <li key={reason} className="break-words">
                {reason}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Refusal error={check.error} />
    </form>
  );
}
