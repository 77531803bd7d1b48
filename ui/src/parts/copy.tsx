import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "./button";
import { cx } from "./class";
import { visibleLines } from "./format";

/** How long a button says that it has copied, in milliseconds. */
const SAID_MS = 1_500;

/** Copies text. Pages that did not come over TLS or from this machine have no clipboard, but the selection. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // The browser may forbid it; the selection may still do.
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}

export function CopyButton({
  text,
  label = "Copy",
  className,
}: {
  text: string;
  label?: string;
  className?: string;
}) {
  const [isSaid, setSaid] = useState(false);
  useEffect(() => {
    if (!isSaid) return;
    const timer = setTimeout(() => setSaid(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isSaid]);
  return (
    <IconButton
      label={isSaid ? "Copied" : label}
      icon={isSaid ? Check : Copy}
      className={cx("!size-7", isSaid && "text-ok", className)}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(text).then(setSaid);
      }}
    />
  );
}

/** Lines to paste, with a button that copies them as they are. What is hidden in them is shown. */
export function Code({
  children,
  label,
  className,
}: {
  children: string;
  label?: string;
  className?: string;
}) {
  return (
    <div className={cx("min-w-0 rounded-lg border border-line bg-sunken", className)}>
      {label && <div className="border-b border-line px-3 py-1 text-xs text-muted">{label}</div>}
      {/* The button stands beside what scrolls, so that a long line does not come out behind it. */}
      <div className="flex min-w-0 items-start">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
        <pre tabIndex={0} className="min-w-0 flex-1 overflow-x-auto py-2 pl-3 text-xs leading-5">
          {visibleLines(children)}
        </pre>
        <CopyButton text={children} className="mx-1 my-1 shrink-0" />
      </div>
    </div>
  );
}
