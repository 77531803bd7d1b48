import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { checkPolicy } from "@/data/policy-check";
import { userNamesQuery } from "@/data/user-names";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Input } from "@/parts/field";
import { explain } from "@/parts/states";
import { placeOf } from "./question";

/** Actions that are offered; any other can be typed. */
const ACTIONS = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:ListBucket",
  "s3:CreateBucket",
  "s3:DeleteBucket",
  "s3:ListAllMyBuckets",
  "s3:GetObjectVersion",
  "s3:DeleteObjectVersion",
  "s3:PutObjectTagging",
  "s3:PutBucketPolicy",
  "s3:PutLifecycleConfiguration",
] as const;

/** May ada do s3:GetObject on photos/x? The store answers as the gateway would decide. */
export function Check() {
  const users = useQuery(userNamesQuery);
  const [asked, setAsked] = useState({ user: "", action: "s3:GetObject", place: "" });
  const check = useMutation({
    mutationFn: () => checkPolicy({ user: asked.user.trim(), action: asked.action, ...placeOf(asked.place) }),
  });
  const field = (name: keyof typeof asked) => ({
    value: asked[name],
    onChange: (event: { target: { value: string } }) => {
      setAsked({ ...asked, [name]: event.target.value });
      check.reset();
    },
  });
  return (
    <form
      aria-label="Check a user's rights"
      className="flex flex-wrap items-center gap-x-2 gap-y-1.5 border-b border-line bg-sunken px-4 py-2.5 text-table lg:px-6"
      onSubmit={(event) => {
        event.preventDefault();
        if (!check.isPending) check.mutate();
      }}
    >
      <span>May</span>
      <Input
        aria-label="User; empty for anonymous requests"
        className="!w-32"
        placeholder="anybody"
        list="check-users"
        {...field("user")}
      />
      <Options id="check-users" values={users.data ?? []} />
      <span>do</span>
      <Input
        aria-label="Action"
        className="!w-52"
        isMono
        list="check-actions"
        required
        {...field("action")}
      />
      <Options id="check-actions" values={ACTIONS} />
      <span>on</span>
      <Input
        aria-label="Bucket, or bucket and key"
        className="!w-56"
        isMono
        placeholder="bucket/key"
        {...field("place")}
      />
      <Button type="submit" isBusy={check.isPending}>
        Check
      </Button>
      <div role="status" className="flex min-w-0 flex-wrap items-center gap-x-3">
        {check.data && (
          <>
            <State tone={check.data.allowed ? "ok" : "danger"} className="font-medium">
              {check.data.allowed ? "Yes" : "No"}
            </State>
            <span className="min-w-0 break-words text-muted">{check.data.reasons.join(" ")}</span>
          </>
        )}
      </div>
      {check.error && (
        <p role="alert" className="text-danger">
          {explain(check.error)}
        </p>
      )}
    </form>
  );
}

function Options({ id, values }: { id: string; values: readonly string[] }) {
  return (
    <datalist id={id}>
      {values.map((value) => (
        <option key={value} value={value} />
      ))}
    </datalist>
  );
}
