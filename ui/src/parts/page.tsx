import type { ReactNode } from "react";
import { useEffect } from "react";
import { cx } from "./class";

/** A page: a title line with actions, and what it shows. `isFull` pages scroll inside and not as a whole. */
export function Page({
  title,
  heading,
  about,
  actions,
  isFull,
  children,
}: {
  /** For the browser's title. */
  title: string;
  /** What is shown instead of the title. */
  heading?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  isFull?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Planetstore`;
  }, [title]);
  return (
    <div className={cx("flex min-h-full flex-col", isFull && "h-full min-h-0")}>
      <div className="flex min-h-14 flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 lg:px-6">
        <h1 className="min-w-0 text-xl font-semibold tracking-[-0.01em]">{heading ?? title}</h1>
        {/* It is cut rather than that the actions move below it when it comes. */}
        {about && <div className="min-w-0 flex-1 basis-40 truncate text-table text-muted">{about}</div>}
        <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>
      </div>
      <div className={cx("flex-1", isFull ? "flex min-h-0 flex-col" : "px-4 pb-8 lg:px-6")}>{children}</div>
    </div>
  );
}

/** A panel with a title that says which question it answers. */
export function Panel({
  title,
  aside,
  children,
  className,
  isFlush,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  /** Whether the content goes to the edges, as tables do. */
  isFlush?: boolean;
}) {
  return (
    // Tables in it begin where its title does.
    <section
      className={cx("min-w-0 rounded-lg border border-line bg-surface [--table-inset:0.625rem]", className)}
    >
      {(title || aside) && (
        <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-2 pb-1">
          {title && <h2 className="min-w-0 truncate text-table font-medium">{title}</h2>}
          {aside && <div className="ml-auto flex items-center gap-2 text-xs text-muted">{aside}</div>}
        </header>
      )}
      <div className={isFlush ? undefined : "px-4 pb-4"}>{children}</div>
    </section>
  );
}

/** Names and values, in two columns. */
export function Facts({
  facts,
  className,
}: {
  facts: readonly (readonly [ReactNode, ReactNode])[];
  className?: string;
}) {
  return (
    <dl className={cx("grid grid-cols-[minmax(7rem,auto)_1fr] gap-x-4 gap-y-1.5 text-table", className)}>
      {facts.map(([name, value], row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the facts of a thing have a fixed order.
        <div key={row} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
