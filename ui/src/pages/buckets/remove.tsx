import { Link } from "@tanstack/react-router";
import { type Bucket, useDeleteBucket } from "@/data/buckets";
import { ConfirmDialog } from "@/parts/dialog";
import { bytes, plural } from "@/parts/format";
import { LINK } from "@/parts/link";

/** Asks for the name before a bucket is deleted, and says what is in it. */
export function DeleteBucket({ bucket, onClose }: { bucket: Bucket | undefined; onClose: () => void }) {
  const remove = useDeleteBucket();
  const { name = "", usage = { objects: 0, bytes: 0 } } = bucket ?? {};
  const isEmpty = usage.objects === 0;
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmDialog
      title="Delete a bucket"
      action="Delete bucket"
      typed={name}
      isOpen={bucket !== undefined}
      isBusy={remove.isPending}
      isImpossible={!isEmpty}
      error={remove.error}
      onClose={close}
      onConfirm={() => remove.mutate(name, { onSuccess: close })}
    >
      {isEmpty ? (
        <p>
          <span className="name font-medium">{name}</span> is empty. Its settings, its policy and its
          unfinished uploads are deleted with it. Its events stay on the log.
        </p>
      ) : (
        <p>
          <span className="name font-medium">{name}</span> holds {plural(usage.objects, "version")} with{" "}
          {bytes(usage.bytes)}. Only an empty bucket can be deleted:{" "}
          <Link to="/buckets/$bucket" params={{ bucket: name }} className={LINK} onClick={close}>
            delete its objects
          </Link>{" "}
          first, old versions too.
        </p>
      )}
    </ConfirmDialog>
  );
}
