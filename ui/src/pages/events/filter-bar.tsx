import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { NOUN_FAMILIES, nounColour } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Input } from "@/parts/field";
import { type EventsSearch, eventsRoute } from "./route";

/** The nouns of each family, as the API filters them. */
const NOUNS: Record<(typeof NOUN_FAMILIES)[number], readonly string[]> = {
  object: ["object", "upload"],
  bucket: ["bucket"],
  node: ["node"],
  repair: ["content"],
  replication: ["replication", "link"],
  user: ["user", "group", "key", "policy", "session", "secret", "kms_key"],
  quota: ["quota"],
  region: ["region"],
};

/** The filter of the stream. It is in the URL, and nowhere else. */
export function FilterBar({ search }: { search: EventsSearch }) {
  const navigate = useNavigate({ from: eventsRoute.fullPath });
  const types = new Set(search.type?.split(",").filter(Boolean));
  const set = (change: Partial<EventsSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const toggle = (family: (typeof NOUN_FAMILIES)[number]) => {
    const nouns = NOUNS[family];
    const isOn = nouns.every((noun) => types.has(noun));
    for (const noun of nouns) isOn ? types.delete(noun) : types.add(noun);
    set({ type: [...types].join(",") || undefined });
  };
  const isFiltered = search.type || search.bucket || search.prefix || search.user;
  const others = [...types].filter((type) => !Object.values(NOUNS).flat().includes(type));
  return (
    <search className="flex flex-wrap items-center gap-x-4 gap-y-1.5 border-b border-line px-4 pb-2.5 lg:px-6">
      <div className="flex flex-wrap gap-1.5">
        {NOUN_FAMILIES.map((family) => (
          <Chip
            key={family}
            colour={nounColour(family === "repair" ? "content" : family)}
            isOn={NOUNS[family].every((noun) => types.has(noun))}
            onClick={() => toggle(family)}
          >
            {family}
          </Chip>
        ))}
        {others.map((type) => (
          <Chip
            key={type}
            colour={nounColour(type.split(".")[0] ?? "")}
            isOn
            onClick={() => {
              types.delete(type);
              set({ type: [...types].join(",") || undefined });
            }}
          >
            {type}
          </Chip>
        ))}
      </div>
      <div className="flex flex-wrap items-center gap-1.5">
        <Text label="Bucket" value={search.bucket} isFirst onChange={(bucket) => set({ bucket })} />
        <Text label="Key prefix" value={search.prefix} onChange={(prefix) => set({ prefix })} />
        <Text label="Person" value={search.user} onChange={(user) => set({ user })} />
        {isFiltered && (
          <Button
            look="quiet"
            isSmall
            icon={X}
            onClick={() => set({ type: undefined, bucket: undefined, prefix: undefined, user: undefined })}
          >
            Clear
          </Button>
        )}
      </div>
    </search>
  );
}

function Chip({
  colour,
  isOn,
  onClick,
  children,
}: {
  colour: string;
  isOn: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-pressed={isOn}
      onClick={onClick}
      className="flex h-7 items-center gap-1.5 rounded-full border border-line px-2.5 text-xs text-muted hover:border-line-strong hover:text-text aria-pressed:border-transparent aria-pressed:bg-selected aria-pressed:font-medium aria-pressed:text-text"
    >
      <span className="size-2 rounded-[2px]" style={{ background: colour }} aria-hidden />
      {children}
    </button>
  );
}

/** A field that filters when it is left, or by Enter: each letter would be a question to the log. */
function Text({
  label,
  value = "",
  isFirst,
  onChange,
}: {
  label: string;
  value?: string;
  isFirst?: boolean;
  onChange: (value: string | undefined) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const apply = () => text !== value && onChange(text || undefined);
  return (
    <Input
      aria-label={label}
      placeholder={label}
      isMono
      data-filter={isFirst || undefined}
      value={text}
      className="!h-7 !w-32 !text-xs"
      onChange={(event) => setText(event.target.value)}
      onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === "Enter") apply();
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
