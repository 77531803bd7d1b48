import { useState } from "react";
import { useChange } from "@/data/change";
import { type At, describe, type Head } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { Button } from "@/parts/button";
import { Field, Input } from "@/parts/field";
import { explain, Notice } from "@/parts/states";
import { type Pairs, PairsEditor, PairsShown } from "./pairs";
import { Section } from "./section";

/** Fields of metadata that are shown to be edited at most; S3 limits their bytes, to 2 KB in all. */
const FIELDS_MAX = 50;

/** The type and the metadata. They belong to a version, so a change is a copy of the object onto itself. */
export function MetadataSection({ at, head, isVersioned }: { at: At; head: Head; isVersioned: boolean }) {
  const [draft, setDraft] = useState<{ type: string; metadata: Pairs }>();
  const change = useChange({
    run: (described: { type: string; metadata: Pairs }) => describe(at, described),
    done: () => `Changed the metadata of ${at.key}.`,
    nouns: ["object"],
  });
  const save = () => {
    if (draft === undefined) return;
    const metadata = draft.metadata.filter(([name]) => name !== "");
    change.mutate(
      { ...draft, metadata },
      {
        onSuccess: () => {
          setDraft(undefined);
          void refreshBucket(at.bucket);
        },
      },
    );
  };
  const canEdit = at.versionId === undefined;
  return (
    <Section
      title="Metadata"
      actions={
        draft === undefined ? (
          canEdit && (
            <Button
              isSmall
              look="quiet"
              onClick={() => setDraft({ type: head.type, metadata: head.metadata })}
            >
              Edit
            </Button>
          )
        ) : (
          <>
            <Button isSmall look="quiet" onClick={() => setDraft(undefined)}>
              Cancel
            </Button>
            <Button isSmall look="primary" isBusy={change.isPending} onClick={save}>
              Save metadata
            </Button>
          </>
        )
      }
    >
      {draft === undefined ? (
        <PairsShown pairs={head.metadata} none="No metadata." />
      ) : (
        <div className="flex flex-col gap-3">
          <Field label="Type">
            {(control) => (
              <Input
                {...control}
                isMono
                value={draft.type}
                onChange={(event) => setDraft({ ...draft, type: event.target.value })}
              />
            )}
          </Field>
          <PairsEditor
            pairs={draft.metadata}
            onChange={(metadata) => setDraft({ ...draft, metadata })}
            most={FIELDS_MAX}
            noun="field"
          />
          <p className="text-xs text-muted">
            {isVersioned
              ? "Saving creates a new version with the same bytes."
              : "Saving rewrites the object with the same bytes."}
          </p>
          {change.isError && (
            <div role="alert">
              <Notice tone="danger">{explain(change.error)}</Notice>
            </div>
          )}
        </div>
      )}
    </Section>
  );
}
