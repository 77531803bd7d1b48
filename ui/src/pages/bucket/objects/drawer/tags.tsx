import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useChange } from "@/data/change";
import { type At, putTags, tagsQuery } from "@/data/s3/object";
import { Button } from "@/parts/button";
import { explain, Notice, Skeleton } from "@/parts/states";
import { type Pairs, PairsEditor, PairsShown } from "./pairs";
import { Section } from "./section";

/** Tags of an object at most.
 *
 * Source: "Categorizing your objects using tags", Amazon S3 User Guide.
 */
const TAGS_MAX = 10;

export function TagsSection({ at }: { at: At }) {
  const tags = useQuery(tagsQuery(at));
  const [draft, setDraft] = useState<Pairs>();
  const change = useChange({
    run: (pairs: Pairs) => putTags(at, pairs),
    done: (_, pairs) => (pairs.length === 0 ? `Removed the tags of ${at.key}.` : `Tagged ${at.key}.`),
    nouns: ["object"],
  });
  const save = () => {
    const named = (draft ?? []).filter(([name]) => name !== "");
    change.mutate(named, {
      onSuccess: () => {
        setDraft(undefined);
        void tags.refetch();
      },
    });
  };
  return (
    <Section
      title="Tags"
      actions={
        draft === undefined ? (
          <Button isSmall look="quiet" disabled={!tags.data} onClick={() => setDraft(tags.data)}>
            Edit
          </Button>
        ) : (
          <>
            <Button isSmall look="quiet" onClick={() => setDraft(undefined)}>
              Cancel
            </Button>
            <Button isSmall look="primary" isBusy={change.isPending} onClick={save}>
              Save tags
            </Button>
          </>
        )
      }
    >
      {tags.isPending && <Skeleton className="h-5 w-40" />}
      {tags.isError && <p className="text-table text-muted">{explain(tags.error)}</p>}
      {draft === undefined ? (
        tags.data && <PairsShown pairs={tags.data} none="No tags." />
      ) : (
        <PairsEditor pairs={draft} onChange={setDraft} most={TAGS_MAX} noun="tag" />
      )}
      {change.isError && draft !== undefined && (
        <div className="mt-2" role="alert">
          <Notice tone="danger">{explain(change.error)}</Notice>
        </div>
      )}
    </Section>
  );
}
