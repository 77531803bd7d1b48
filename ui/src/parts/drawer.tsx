import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "./button";
import { cx } from "./class";
import { visible } from "./format";

/**
 * A panel beside the page. The page stays usable; what is open is in the URL, so the caller opens and closes it by its
 * search parameters. On narrow screens it lies over the page.
 */
export function Drawer({
  label,
  title,
  actions,
  onClose,
  children,
  className,
}: {
  label: string;
  title: ReactNode;
  actions?: ReactNode;
  onClose: () => void;
  children: ReactNode;
  className?: string;
}) {
  const place = useRef<HTMLElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const before = document.activeElement;
    const onKey = (event: KeyboardEvent) => {
      if (
        event.key !== "Escape" ||
        event.defaultPrevented ||
        document.querySelector("[data-modal],[role=menu]")
      )
        return;
      event.preventDefault();
      close.current();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <aside
      ref={place}
      aria-label={visible(label)}
      className={cx(
        "flex w-[min(30rem,100%)] shrink-0 flex-col overflow-hidden border-l border-line bg-surface",
        "max-lg:absolute max-lg:inset-y-0 max-lg:right-0 max-lg:z-20 max-lg:shadow-panel",
        className,
      )}
    >
      <header className="flex min-h-12 items-center gap-2 border-b border-line pr-2 pl-4">
        <div className="min-w-0 flex-1">{title}</div>
        {actions}
        <IconButton label="Close" icon={X} onClick={onClose} />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
    </aside>
  );
}

/** A page with a drawer: what is inside stands beside each other and fills the height. */
export function Beside({ children, drawer }: { children: ReactNode; drawer?: ReactNode }) {
  return (
    <div className="relative flex min-h-0 flex-1">
      <div className="flex min-w-0 flex-1 flex-col">{children}</div>
      {drawer}
    </div>
  );
}
