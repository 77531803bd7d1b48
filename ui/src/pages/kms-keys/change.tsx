import { type KmsKey, useChangeKmsKey } from "@/data/kms-keys";
import { ConfirmDialog } from "@/parts/dialog";

/** Asks before a key is disabled, or enabled again. */
export function ChangeKmsKey({ changed, onClose }: { changed: KmsKey | undefined; onClose: () => void }) {
  const change = useChangeKmsKey();
  const isEnabled = changed?.enabled ?? false;
  const close = () => {
    change.reset();
    onClose();
  };
  return (
    <ConfirmDialog
      title={`${isEnabled ? "Disable" : "Enable"} the key ${changed?.name ?? ""}?`}
      action={isEnabled ? "Disable key" : "Enable key"}
      look={isEnabled ? "destroy" : "primary"}
      isOpen={changed !== undefined}
      isBusy={change.isPending}
      error={change.error}
      onClose={close}
      onConfirm={() =>
        changed && change.mutate({ name: changed.name, enabled: !changed.enabled }, { onSuccess: close })
      }
    >
      <p>
        {isEnabled
          ? "Objects that are encrypted with it can be neither read nor written until it is enabled again. Nothing is lost."
          : "Objects that are encrypted with it can be read and written again."}
      </p>
    </ConfirmDialog>
  );
}
