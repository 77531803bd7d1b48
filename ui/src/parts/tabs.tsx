import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** Tabs that are places of their own, each with a URL. */
export function LinkTabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { title: ReactNode; to: LinkProps["to"]; params?: LinkProps["params"]; isExact?: boolean }[];
}) {
  return (
    <nav aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line px-4 lg:px-6">
      {tabs.map(({ title, to, params, isExact }) => (
        <Link
          key={String(to)}
          to={to}
          params={params as never}
          activeOptions={{ exact: isExact ?? false, includeSearch: false }}
          className="-mb-px border-b-2 border-transparent px-2.5 py-2 text-table whitespace-nowrap text-muted hover:text-text"
          activeProps={{ className: "!border-accent !text-text font-medium", "aria-current": "page" }}
        >
          {title}
        </Link>
      ))}
    </nav>
  );
}

/** Choices of which one is on, as spans of a chart. */
export function Segments<Value extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly { value: Value; title: string }[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  return (
    <fieldset className="inline-flex rounded-md border border-line bg-sunken p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className="h-6 rounded-sm px-2 text-xs text-muted hover:text-text aria-pressed:bg-surface aria-pressed:font-medium aria-pressed:text-text aria-pressed:shadow-[0_0_0_1px_var(--line)]"
        >
          {option.title}
        </button>
      ))}
    </fieldset>
  );
}
