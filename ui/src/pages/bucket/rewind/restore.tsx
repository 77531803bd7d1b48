import { useQuery } from "@tanstack/react-query";
import { useChange } from "@/data/change";
import { bringBack, isDone, type PastChange, type Plan, rehearse, type Wanted } from "@/data/past";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { count, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { Notice, SkeletonRows } from "@/parts/states";

/** Changes that are shown one by one. */
const SHOWN = 200;

/** Says first what would change, and then does it. */
export function RestoreDialog({
  wanted,
  isOpen,
  onClose,
  onDone,
}: {
  wanted: Wanted;
  isOpen: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const rehearsal = useQuery({
    queryKey: ["rehearsal", wanted],
    queryFn: () => rehearse(wanted),
    enabled: isOpen,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const change = useChange({
    run: (plan: Plan) => bringBack(wanted, plan),
    done: (changed) => `Restored ${wanted.bucket} with ${plural(changed, "change")}.`,
    nouns: ["object", "bucket"],
  });
  const plan = rehearsal.data;
  const changes = plan?.changes ?? [];
  const done = changes.filter(isDone).length;
  return (
    <Dialog
      title="Restore this state?"
      about="Nothing has changed yet. Each line is one change that restoring makes, and each becomes an event."
      isOpen={isOpen}
      onClose={onClose}
      className="!w-[min(44rem,calc(100vw-2rem))]"
    >
      {rehearsal.isPending && <SkeletonRows rows={5} />}
      {rehearsal.isSuccess && changes.length === 0 && (
        <Notice tone="ok">Nothing has changed since then. There is nothing to restore.</Notice>
      )}
      {plan?.isMore && (
        <Notice>More changes are needed than are listed here. Restoring makes all of them.</Notice>
      )}
      {changes.length > 0 && <Changes changes={changes} />}
      <DialogActions error={change.error ?? rehearsal.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="primary"
          isBusy={change.isPending}
          disabled={done === 0}
          onClick={() => plan && change.mutate(plan, { onSuccess: onDone })}
        >
          {done === 0 || plan?.isMore ? "Restore" : `Make ${plural(done, "change")}`}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** What becomes of a key, in words. */
const WORDS: Record<string, string> = {
  restore: "comes back",
  hide: "was not there: is hidden",
  would_destroy: "stays: no versions are kept",
  gone: "stays: its bytes are gone",
  denied: "stays: you may not",
  only_with_folder: "stays: restore its folder",
};

function Changes({ changes }: { changes: readonly PastChange[] }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <ul tabIndex={0} className="max-h-[45vh] overflow-y-auto rounded-md border border-line">
        {changes.slice(0, SHOWN).map((change) => (
          <li
            key={`${change.key} ${change.action}`}
            className="flex h-9 items-center gap-3 border-b border-line px-3 text-table last:border-b-0"
          >
            <State tone={isDone(change) ? "ok" : "warning"} className="w-56 shrink-0">
              {WORDS[change.action] ?? change.action}
            </State>
            <span className="name min-w-0 flex-1 truncate" title={visible(change.key)}>
              <KeyText name={change.key} />
            </span>
            {change.from_version && (
              <span className="mono max-w-40 truncate text-xs text-muted" title={change.from_version}>
                {change.from_version}
              </span>
            )}
          </li>
        ))}
      </ul>
      {changes.length > SHOWN && (
        <p className="mt-2 text-table text-muted">and {count(changes.length - SHOWN)} more</p>
      )}
    </>
  );
}
