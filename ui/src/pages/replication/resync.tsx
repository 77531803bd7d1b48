import { placeOf, useResync, type Way } from "@/data/replication";
import { ConfirmDialog } from "@/parts/dialog";

/** Asks before a bucket is compared with a destination from its first key on. */
export function Resync({ way, onClose }: { way: Way | undefined; onClose: () => void }) {
  const resync = useResync();
  const place = way ? placeOf(way.destination) : "";
  const close = () => {
    resync.reset();
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Compare ${way?.bucket ?? ""} with ${place}?`}
      action="Compare again"
      look="primary"
      isOpen={way !== undefined}
      isBusy={resync.isPending}
      error={resync.error}
      onClose={close}
      onConfirm={() => way && resync.mutate(way, { onSuccess: close })}
    >
      <p>
        The versions of {way?.bucket} that rules send to {place} are compared with those there, from the first
        key on. What is missing or different there is sent: also what failed, and what is older than the
        rules. What was deleted there for good stays deleted.
      </p>
    </ConfirmDialog>
  );
}
