import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useChange } from "@/data/change";
import { countBelow, type Removed, refreshBucket, remove } from "@/data/s3/remove";
import { ConfirmDialog } from "@/parts/dialog";
import { Checkbox } from "@/parts/field";
import { bytes, count, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { Notice } from "@/parts/states";
import type { Chosen } from "../rows";

/** From so many objects on, the name of the bucket has to be typed. */
const MANY = 20;
/** Names that are shown before the question. */
const SHOWN = 5;

/** Asks before objects are deleted, and says how far it has come. */
export function DeleteDialog({
  bucket,
  selected,
  isVersioned,
  isOpen,
  onClose,
}: {
  bucket: string;
  selected: Chosen;
  isVersioned: boolean;
  isOpen: boolean;
  onClose: () => void;
}) {
  const [isForEver, setForEver] = useState(false);
  const [deleted, setDeleted] = useState(0);
  const [left, setLeft] = useState<Removed>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => {
    if (!isOpen) return;
    setForEver(false);
    setDeleted(0);
    setLeft(undefined);
  }, [isOpen]);
  const keys = selected.objects.map(({ key }) => key);
  const folders = selected.folders.map(({ key }) => key);
  const inside = useQuery({
    queryKey: ["s3", "count", bucket, ...folders],
    queryFn: ({ signal }) => countBelow(bucket, folders, signal),
    enabled: isOpen && folders.length > 0,
    staleTime: 0,
  });
  const change = useChange({
    run: () => {
      stop.current = new AbortController();
      return remove({ bucket, keys, folders, isForEver }, setDeleted, stop.current.signal);
    },
    done: (removed) => `Deleted ${plural(removed.deleted, isForEver ? "version" : "object")} from ${bucket}.`,
    nouns: ["object", "bucket"],
  });
  const total = keys.length + (inside.data?.objects ?? 0);
  const isMany = folders.length > 0 || total > MANY || isForEver;
  const close = () => {
    stop.current?.abort();
    change.reset();
    onClose();
  };
  const names = [...folders, ...keys];
  return (
    <ConfirmDialog
      title={names.length === 1 ? "Delete this?" : `Delete ${whatIs(keys.length, folders.length)}?`}
      action={isForEver ? "Delete for ever" : "Delete"}
      typed={isMany ? bucket : undefined}
      isOpen={isOpen}
      isBusy={change.isPending}
      isImpossible={left !== undefined || (folders.length > 0 && !inside.isSuccess)}
      error={change.error ?? inside.error ?? undefined}
      onClose={close}
      onConfirm={() =>
        change.mutate(undefined, {
          onSettled: () => void refreshBucket(bucket),
          onSuccess: (removed) => (removed.refusedCount > 0 ? setLeft(removed) : close()),
        })
      }
    >
      <ul className="flex flex-col gap-0.5 rounded-md border border-line bg-sunken px-3 py-2 text-table">
        {names.slice(0, SHOWN).map((name) => (
          <li key={name} className="truncate">
            <span className="name" title={visible(name)}>
              <KeyText name={name} />
            </span>
          </li>
        ))}
        {names.length > SHOWN && <li className="text-muted">and {count(names.length - SHOWN)} more</li>}
      </ul>
      {folders.length > 0 && (
        <p>
          {inside.isPending && "Counting what is in it…"}
          {inside.data &&
            `With what is in folders, ${inside.data.isMore ? "more than " : ""}${plural(total, "object")} of ${bytes(inside.data.bytes + selected.bytes)}.`}
        </p>
      )}
      <p>
        {isForEver
          ? "All versions of these keys are deleted. They cannot be restored."
          : isVersioned
            ? "The bucket keeps versions: deleted objects are hidden, and can be restored."
            : "The bucket keeps no versions: deleted objects cannot be restored."}
      </p>
      {isVersioned && (
        <Checkbox
          label="Delete all versions for ever"
          isChecked={isForEver}
          onChange={setForEver}
          disabled={change.isPending}
        />
      )}
      {change.isPending && <p role="status">{plural(deleted, "object")} deleted so far…</p>}
      {left && <Left removed={left} />}
    </ConfirmDialog>
  );
}

function whatIs(objects: number, folders: number): string {
  const parts = [folders > 0 && plural(folders, "folder"), objects > 0 && plural(objects, "object")];
  return parts.filter(Boolean).join(" and ");
}

function Left({ removed }: { removed: Removed }) {
  return (
    <Notice tone="warning">
      <p>
        {plural(removed.deleted, "object")} deleted, {count(removed.refusedCount)} refused:
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <ul tabIndex={0} className="mt-1 max-h-40 overflow-y-auto text-table">
        {removed.refused.map(({ key, message }) => (
          <li key={key} className="truncate">
            <span className="name">
              <KeyText name={key} />
            </span>
            : {message}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
