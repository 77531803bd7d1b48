import { type ReactNode, useEffect } from "react";
import { Button } from "@/parts/button";
import { explain, Notice, Skeleton } from "@/parts/states";

/** One setting: what it is, what it says now, and how it is changed. */
export function Card({
  id,
  title,
  about,
  actions,
  children,
}: {
  id: string;
  title: string;
  about: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  // Settings are there once all have answered; by then the browser has looked for the place of the address in vain.
  useEffect(() => {
    if (location.hash === `#${id}`) document.getElementById(id)?.scrollIntoView();
  }, [id]);
  return (
    <section
      id={id}
      aria-labelledby={`${id}-title`}
      className="grid scroll-mt-4 gap-x-8 gap-y-3 rounded-lg border border-line bg-surface px-5 py-4 lg:grid-cols-[15rem_minmax(0,1fr)]"
    >
      <header>
        <h2 id={`${id}-title`} className="text-sm font-semibold">
          {title}
        </h2>
        <p className="mt-0.5 text-table text-muted">{about}</p>
        {actions && <div className="mt-2 flex gap-2">{actions}</div>}
      </header>
      <div className="flex min-w-0 flex-col gap-3 text-sm">{children}</div>
    </section>
  );
}

/** What a query says, while it is asked and if it failed. */
export function Asked<Answer>({
  query,
  children,
}: {
  query: {
    data: Answer | undefined;
    error: unknown;
    isPending: boolean;
    refetch: () => unknown;
  };
  children: (answer: Answer) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isPending) return <Skeleton className="h-8 w-full max-w-md" />;
  return (
    <Notice tone="danger">
      <span className="flex flex-wrap items-center gap-3">
        <span className="min-w-0 flex-1">{explain(query.error)}</span>
        <Button isSmall onClick={() => void query.refetch()}>
          Try again
        </Button>
      </span>
    </Notice>
  );
}

/** The sentence with which a change was refused. */
export function Refusal({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <div role="alert">
      <Notice tone="danger">
        {error instanceof SyntaxError ? `This is not valid JSON: ${error.message}` : explain(error)}
      </Notice>
    </div>
  );
}
