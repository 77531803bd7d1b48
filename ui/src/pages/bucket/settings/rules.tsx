import { useQuery } from "@tanstack/react-query";
import { Braces, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/data/change";
import type { JsonObject } from "@/data/s3/json";
import { putRules, type RulesOf, rulesQuery } from "@/data/s3/settings";
import { Tag } from "@/parts/badge";
import { Button, IconButton } from "@/parts/button";
import { TextArea } from "@/parts/field";
import { Asked, Card, Refusal } from "./card";

/** Rules as sentences, with their JSON behind them. */
export function RulesCard({
  bucket,
  of,
  title,
  about,
  none,
  inWords,
  example,
}: {
  bucket: string;
  of: RulesOf;
  title: string;
  about: string;
  none: string;
  inWords: (rule: JsonObject) => string[];
  example: JsonObject;
}) {
  const query = useQuery(rulesQuery(bucket, of));
  const [draft, setDraft] = useState<string>();
  const change = useChange({
    run: (rules: readonly JsonObject[]) => putRules(bucket, of, rules),
    done: (_, rules) =>
      rules.length === 0
        ? `Removed the ${title} rules of ${bucket}.`
        : `Changed the ${title} rules of ${bucket}.`,
    nouns: ["bucket"],
  });
  const edit = (rules: readonly JsonObject[]) => {
    change.reset();
    setDraft(JSON.stringify(rules, null, 2));
  };
  const rules = query.data ?? [];
  return (
    <Card
      id={of}
      title={title}
      about={about}
      actions={
        query.data &&
        draft === undefined && (
          <>
            <Button isSmall icon={Plus} onClick={() => edit([...rules, example])}>
              Add rule
            </Button>
            {rules.length > 0 && (
              <Button isSmall icon={Braces} look="quiet" onClick={() => edit(rules)}>
                JSON
              </Button>
            )}
          </>
        )
      }
    >
      <Asked query={query}>
        {(found) =>
          draft !== undefined ? (
            <RulesEditor
              label={`${title} rules`}
              draft={draft}
              onDraft={setDraft}
              inWords={inWords}
              isBusy={change.isPending}
              error={change.error}
              onCancel={() => setDraft(undefined)}
              onSave={(next) => change.mutate(next, { onSuccess: () => setDraft(undefined) })}
            />
          ) : (
            <>
              {found.length === 0 && <p className="text-muted">{none}</p>}
              <ul className="flex flex-col gap-2">
                {found.map((rule, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: rules have no other order than that of the list.
                  <li key={at} className="flex items-start gap-2">
                    <div className="min-w-0 flex-1 break-words">
                      {inWords(rule).map((sentence) => (
                        <p key={sentence}>{sentence}</p>
                      ))}
                    </div>
                    {rule.Status === "Disabled" && <Tag>disabled</Tag>}
                    {typeof rule.ID === "string" && <Tag className="max-w-48 overflow-hidden">{rule.ID}</Tag>}
                    <IconButton
                      label={`Remove rule ${at + 1}`}
                      icon={Trash2}
                      className="-my-1.5"
                      isBusy={change.isPending}
                      onClick={() => change.mutate(found.filter((_, place) => place !== at))}
                    />
                  </li>
                ))}
              </ul>
              <Refusal error={change.error} />
            </>
          )
        }
      </Asked>
    </Card>
  );
}

function RulesEditor({
  label,
  draft,
  onDraft,
  inWords,
  isBusy,
  error,
  onCancel,
  onSave,
}: {
  label: string;
  draft: string;
  onDraft: (draft: string) => void;
  inWords: (rule: JsonObject) => string[];
  isBusy: boolean;
  error: unknown;
  onCancel: () => void;
  onSave: (rules: JsonObject[]) => void;
}) {
  const read = parsed(draft);
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (read.rules) onSave(read.rules);
      }}
    >
      <TextArea
        aria-label={`${label} as JSON`}
        aria-invalid={read.wrong ? true : undefined}
        rows={Math.min(24, Math.max(6, draft.split("\n").length))}
        value={draft}
        onChange={(event) => onDraft(event.target.value)}
      />
      {read.rules?.map((rule, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rules have no other order than that of the list.
        <p key={at} className="text-table break-words text-muted">
          {inWords(rule).join(" ")}
        </p>
      ))}
      {read.wrong && (
        <p role="alert" className="text-table text-danger">
          {read.wrong}
        </p>
      )}
      <Refusal error={error} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={isBusy} disabled={!read.rules}>
          Save rules
        </Button>
      </div>
    </form>
  );
}

/** The rules that were typed: a list of them, or the whole document as the AWS command line has it. */
function parsed(text: string): { rules?: JsonObject[]; wrong?: string } {
  try {
    const read: unknown = JSON.parse(text);
    const list = Array.isArray(read) ? read : Object.values(read as object).find(Array.isArray);
    if (!Array.isArray(list) || list.some((rule) => typeof rule !== "object" || rule === null))
      return { wrong: "This has to be a list of rules: [ { … } ]." };
    return { rules: list as JsonObject[] };
  } catch (error) {
    return { wrong: `This is not valid JSON: ${error instanceof Error ? error.message : error}` };
  }
}
