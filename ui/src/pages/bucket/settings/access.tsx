import { useQuery } from "@tanstack/react-query";
import { Braces, Trash2 } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/data/change";
import { accessQuery, putPolicy } from "@/data/s3/settings";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Code } from "@/parts/copy";
import { ConfirmDialog } from "@/parts/dialog";
import { TextArea } from "@/parts/field";
import { inWords, type Sentence } from "@/parts/policy/words";
import { Asked, Card, Refusal } from "./card";
import { PolicyCheck } from "./check";
import { PublicBlocks } from "./public-blocks";

/** Who may use the bucket: its policy in words and as JSON, public access, and a question about anybody. */
export function AccessCard({ bucket }: { bucket: string }) {
  const query = useQuery(accessQuery(bucket));
  const [draft, setDraft] = useState<string>();
  const [isRemoving, setRemoving] = useState(false);
  const change = useChange({
    run: (policy: string) => putPolicy(bucket, policy),
    done: (_, policy) =>
      policy === "" ? `Removed the policy of ${bucket}.` : `Set the policy of ${bucket}.`,
    nouns: ["bucket"],
  });
  const policy = query.data?.policy;
  const edit = () => {
    change.reset();
    setDraft(policy === undefined ? exampleFor(bucket) : laidOut(policy));
  };
  return (
    <Card
      id="access"
      title="Access"
      about="The policy adds to the rights that users have from their own policies. Nobody may do what it denies."
      actions={
        query.data &&
        draft === undefined && (
          <>
            <Button isSmall icon={Braces} onClick={edit}>
              {policy === undefined ? "Write a policy" : "Edit policy"}
            </Button>
            {policy !== undefined && (
              <Button isSmall icon={Trash2} look="quiet" onClick={() => setRemoving(true)}>
                Remove
              </Button>
            )}
          </>
        )
      }
    >
      <Asked query={query}>
        {(access) => (
          <>
            {access.isPublic ? (
              <State tone="warning">Public: anyone may use it without signing in.</State>
            ) : (
              <State tone="ok">Not public.</State>
            )}
            {draft === undefined ? (
              <Words policy={access.policy} />
            ) : (
              <PolicyEditor
                draft={draft}
                onDraft={setDraft}
                isBusy={change.isPending}
                error={change.error}
                onCancel={() => setDraft(undefined)}
                onSave={() => change.mutate(draft, { onSuccess: () => setDraft(undefined) })}
              />
            )}
            <PublicBlocks key={JSON.stringify(access.block)} bucket={bucket} access={access} />
          </>
        )}
      </Asked>
      <PolicyCheck bucket={bucket} />
      <ConfirmDialog
        title={`Remove the policy of ${bucket}?`}
        action="Remove policy"
        isOpen={isRemoving}
        isBusy={change.isPending}
        error={change.error ?? undefined}
        onClose={() => setRemoving(false)}
        onConfirm={() => change.mutate("", { onSuccess: () => setRemoving(false) })}
      >
        <p>The rights that it granted end, and what it denied is no longer denied.</p>
      </ConfirmDialog>
    </Card>
  );
}

function Words({ policy }: { policy: string | undefined }) {
  if (policy === undefined)
    return (
      <p className="text-muted">
        The bucket has no policy: only its owner, and users whose own policies allow it, may use it.
      </p>
    );
  const said = wordsOf(policy);
  if (said === undefined) return <Code>{policy}</Code>;
  return (
    <ul className="flex flex-col gap-1.5">
      {said.map(({ text, isAllowed, isPublic }) => (
        <li key={text} className="flex items-start gap-2">
          <State tone={isPublic ? "warning" : isAllowed ? "ok" : "danger"} className="mt-px w-20 shrink-0">
            {isPublic ? "public" : isAllowed ? "allows" : "denies"}
          </State>
          <span className="min-w-0 break-words">{text}</span>
        </li>
      ))}
    </ul>
  );
}

function PolicyEditor({
  draft,
  onDraft,
  isBusy,
  error,
  onCancel,
  onSave,
}: {
  draft: string;
  onDraft: (draft: string) => void;
  isBusy: boolean;
  error: unknown;
  onCancel: () => void;
  onSave: () => void;
}) {
  const said = wordsOf(draft);
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        onSave();
      }}
    >
      <TextArea
        aria-label="Policy as JSON"
        aria-invalid={said === undefined || undefined}
        rows={Math.min(28, Math.max(8, draft.split("\n").length))}
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
      />
      {said === undefined ? (
        <p className="text-table text-danger" role="alert">
          This is not valid JSON yet.
        </p>
      ) : (
        <Words policy={draft} />
      )}
      <Refusal error={error} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={isBusy} disabled={said === undefined}>
          Save policy
        </Button>
      </div>
    </form>
  );
}

function wordsOf(policy: string): Sentence[] | undefined {
  try {
    return inWords(policy);
  } catch {
    return undefined;
  }
}

function laidOut(policy: string): string {
  try {
    return JSON.stringify(JSON.parse(policy), null, 2);
  } catch {
    return policy;
  }
}

function exampleFor(bucket: string): string {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: ["arn:aws:iam:::user/NAME"] },
    Action: ["s3:GetObject"],
    Resource: [`arn:aws:s3:::${bucket}/*`],
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2);
}
