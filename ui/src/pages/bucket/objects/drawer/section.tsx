import type { ReactNode } from "react";

/** A part of the drawer, with what can be done beside its title. */
export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section aria-label={title} className="border-t border-line px-4 py-3 first:border-t-0">
      <header className="flex min-h-7 items-center">
        <h3 className="text-table font-medium">{title}</h3>
        <div className="ml-auto flex items-center gap-1">{actions}</div>
      </header>
      <div className="mt-1">{children}</div>
    </section>
  );
}
