import type { Answered } from "@/data/call";
import { useChange } from "@/data/change";
import { Refused } from "@/data/http";
import { hasAddress } from "@/data/s3/address";
import { type At, deleteMany, deleteOne } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { ConfirmDialog } from "@/parts/dialog";
import { LongText } from "@/parts/key-text";

/** Asks before an object is deleted, or one version of it for ever. */
export function DeleteVersion({
  at,
  isVersioned,
  isOpen,
  onClose,
  onDone,
}: {
  at: At;
  isVersioned: boolean;
  isOpen: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const isOne = at.versionId !== undefined;
  const change = useChange({
    run: async (): Promise<Answered<unknown>> => {
      if (hasAddress(at.key)) return deleteOne(at);
      const { answer, requestId } = await deleteMany(at.bucket, [{ key: at.key, versionId: at.versionId }]);
      const refused = answer[0];
      if (refused !== undefined) throw new Refused(409, "NotDeleted", refused.message);
      return { answer: undefined, requestId };
    },
    done: () => (isOne ? `Deleted a version of ${at.key} for ever.` : `Deleted ${at.key}.`),
    nouns: ["object", "bucket"],
  });
  return (
    <ConfirmDialog
      title={isOne ? "Delete this version for ever?" : "Delete this object?"}
      action={isOne ? "Delete for ever" : "Delete"}
      isOpen={isOpen}
      isBusy={change.isPending}
      error={change.error ?? undefined}
      onClose={onClose}
      onConfirm={() =>
        change.mutate(undefined, {
          onSuccess: () => {
            void refreshBucket(at.bucket);
            onClose();
            onDone();
          },
        })
      }
    >
      <p>
        <LongText text={at.key} />
        {isOne && <span className="mono block text-xs text-muted">{at.versionId}</span>}
      </p>
      <p>
        {isOne
          ? "A deleted version cannot be restored."
          : isVersioned
            ? "The bucket keeps versions: the object is hidden, and can be restored."
            : "The bucket keeps no versions: the object cannot be restored."}
      </p>
    </ConfirmDialog>
  );
}
