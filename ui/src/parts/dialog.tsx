import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button, IconButton, type Look } from "./button";
import { cx } from "./class";
import { Field, Input } from "./field";
import { explain, Notice } from "./states";

/** A dialog: for what has to be decided now, or is typed as one thing. */
export function Dialog({
  title,
  about,
  isOpen,
  onClose,
  children,
  className,
}: {
  title: ReactNode;
  about?: ReactNode;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Base.Root open={isOpen} onOpenChange={(is) => !is && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/40" />
        <Base.Popup
          data-modal
          className={cx(
            "fixed top-[8vh] left-1/2 z-50 flex max-h-[84vh] w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2 flex-col rounded-lg border border-line bg-surface shadow-panel",
            className,
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-2">
            <div className="min-w-0">
              <Base.Title className="text-lg font-semibold break-words">{title}</Base.Title>
              {about && <Base.Description className="mt-0.5 text-table text-muted">{about}</Base.Description>}
            </div>
            <Base.Close render={<IconButton label="Close" icon={X} className="-mr-2 ml-auto" />} />
          </header>
          <div className="overflow-y-auto px-5 pt-1 pb-5">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** The last line of a dialog's form. */
export function DialogActions({ children, error }: { children: ReactNode; error?: unknown }) {
  return (
    <>
      {error ? (
        <div className="mt-4" role="alert">
          <Notice tone="danger">{explain(error)}</Notice>
        </div>
      ) : null}
      <div className="mt-5 flex justify-end gap-2">{children}</div>
    </>
  );
}

/** Asks whether something that cannot be undone is meant. With `typed`, that has to be typed first. */
export function ConfirmDialog({
  title,
  children,
  action,
  typed,
  isOpen,
  isBusy,
  isImpossible,
  look = "destroy",
  error,
  onConfirm,
  onClose,
}: {
  title: string;
  /** What will be lost, in numbers. */
  children: ReactNode;
  /** What the button says: `Delete bucket`. */
  action: string;
  typed?: string;
  isOpen: boolean;
  isBusy?: boolean;
  isImpossible?: boolean;
  /** Of what can be undone, `primary`. */
  look?: Look;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
}) {
  const [text, setText] = useState("");
  useEffect(() => {
    if (isOpen) setText("");
  }, [isOpen]);
  const isMeant = !isImpossible && (typed === undefined || text === typed);
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isMeant && !isBusy) onConfirm();
        }}
      >
        <div className="flex flex-col gap-3 text-sm">{children}</div>
        {typed !== undefined && !isImpossible && (
          <Field
            className="mt-4"
            label={
              <>
                Type <span className="name font-semibold">{typed}</span> to confirm
              </>
            }
          >
            {(control) => (
              <Input {...control} isMono value={text} onChange={(event) => setText(event.target.value)} />
            )}
          </Field>
        )}
        <DialogActions error={error}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={look} disabled={!isMeant} isBusy={isBusy}>
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
