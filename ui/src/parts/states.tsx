import { CloudOff, type LucideIcon, RotateCw, ShieldX } from "lucide-react";
import type { ReactNode } from "react";
import { Refused, Unreachable } from "@/data/http";
import { Button } from "./button";
import { cx } from "./class";
import { Code } from "./copy";
import { plural, visibleLines } from "./format";

/** The place of something that loads, in its final size. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx("skeleton", className)} />;
}

/** Rows that load. */
export function SkeletonRows({ rows = 8, height = 36 }: { rows?: number; height?: number }) {
  return (
    <div aria-busy="true" role="status">
      <span className="sr-only">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike.
        <div key={row} className="flex items-center border-b border-line px-3" style={{ height }}>
          <div aria-hidden className="skeleton h-3" style={{ width: `${30 + ((row * 17) % 45)}%` }} />
        </div>
      ))}
    </div>
  );
}

/** What is there when there is nothing: a sentence what this is, a line to paste, a button. */
export function Empty({
  icon: Icon,
  title,
  isPage,
  children,
  line,
  action,
  className,
}: {
  icon: LucideIcon;
  title: string;
  /** Whether it stands for a page, and its title is that of the page. */
  isPage?: boolean;
  children?: ReactNode;
  line?: string;
  action?: ReactNode;
  className?: string;
}) {
  return (
    <div
      className={cx("mx-auto flex max-w-xl flex-col items-center gap-3 px-4 py-12 text-center", className)}
    >
      <Icon size={28} strokeWidth={1.25} className="text-faint" aria-hidden />
      <div>
        <Heading isPage={isPage}>{title}</Heading>
        {children && <p className="mt-1 text-balance text-muted">{children}</p>}
      </div>
      {line && <Code className="w-full text-left">{line}</Code>}
      {action}
    </div>
  );
}

/** What failed, in the store's words, and what can be done. */
export function Failure({
  error,
  what,
  isPage,
  since,
  onRetry,
  className,
}: {
  error: unknown;
  /** What could not be done: `The list of buckets could not be loaded.` */
  what: string;
  /** Whether it stands for a page. */
  isPage?: boolean;
  /** Since when it fails. */
  since?: number;
  onRetry?: () => void;
  className?: string;
}) {
  const isForbidden = error instanceof Refused && error.status === 403;
  const Icon = isForbidden ? ShieldX : CloudOff;
  return (
    <div
      role="alert"
      className={cx("mx-auto flex max-w-xl flex-col items-center gap-3 px-4 py-12 text-center", className)}
    >
      <Icon size={28} strokeWidth={1.25} className={isForbidden ? "text-faint" : "text-danger"} aria-hidden />
      <div>
        <Heading isPage={isPage}>{what}</Heading>
        <p className="mt-1 text-balance text-muted">{explain(error)}</p>
        {since !== undefined && since > 0 && (
          <p className="mt-1 text-xs text-muted">Since {new Date(since).toLocaleTimeString("en-GB")}</p>
        )}
      </div>
      {onRetry && !isForbidden && (
        <Button icon={RotateCw} onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Every page has one heading of the first level, by which screen readers find what it is about. */
function Heading({ isPage, children }: { isPage?: boolean; children: string }) {
  const Level = isPage ? "h1" : "h2";
  return <Level className="text-lg font-medium">{children}</Level>;
}

/** A sentence about an error. */
export function explain(error: unknown): string {
  if (error instanceof Refused) {
    return error.retryAfter === undefined
      ? visibleLines(error.message)
      : `${visibleLines(error.message)} Try again in ${plural(error.retryAfter, "second")}.`;
  }
  if (error instanceof Unreachable) return error.message;
  console.error(error);
  return "The store answered something that this page does not understand. Reload the page: the store may be another release.";
}

/** A notice within a page. */
export function Notice({
  tone = "notice",
  children,
}: {
  tone?: "notice" | "warning" | "danger" | "ok";
  children: ReactNode;
}) {
  const washes = {
    ok: "wash-ok border-ok/40",
    notice: "wash-notice border-notice/40",
    warning: "wash-warning border-warning/40",
    danger: "wash-danger border-danger/40",
  };
  return <div className={cx("rounded-lg border px-3 py-2 text-sm", washes[tone])}>{children}</div>;
}
