import { useNavigate } from "@tanstack/react-router";
import { Pause, Play } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/parts/button";
import { Input, Select } from "@/parts/field";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Segments } from "@/parts/tabs";
import { logsRoute } from "./route";

type Search = ReturnType<typeof logsRoute.useSearch>;

const KINDS = [
  { value: "lines", title: "Live" },
  { value: "errors", title: "Errors" },
] as const;
const LEVELS = ["error", "warn", "info", "debug"] as const;

/** Which lines are shown. It is in the URL. */
export function Controls({
  search,
  isPaused,
  onPause,
}: {
  search: Search;
  isPaused: boolean;
  onPause: () => void;
}) {
  const navigate = useNavigate({ from: logsRoute.fullPath });
  const set = (change: Partial<Search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const isLive = search.of !== "errors";
  useShortcuts([{ keys: "space", says: "Pause and resume the lines", run: onPause }]);
  return (
    <>
      <Segments
        label="Kind of lines"
        options={KINDS}
        value={search.of ?? "lines"}
        onChange={(of) => set({ of })}
      />
      {isLive && (
        <>
          <Select
            aria-label="Level"
            className="!w-40"
            value={search.level}
            onChange={({ target }) => set({ level: LEVELS.find((level) => level === target.value) })}
          >
            {LEVELS.map((level) => (
              <option key={level} value={level}>
                {level === "error" ? "error" : `${level} and worse`}
              </option>
            ))}
          </Select>
          <Text label="Role" value={search.role} onChange={(role) => set({ role })} />
          <Text label="Text" isFirst value={search.text} onChange={(text) => set({ text })} />
          <Button
            look={isPaused ? "primary" : "plain"}
            icon={isPaused ? Play : Pause}
            onClick={onPause}
            className="w-24"
          >
            {isPaused ? "Resume" : "Pause"}
          </Button>
        </>
      )}
    </>
  );
}

/** A field that filters when it is left, or by Enter. */
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
      data-filter={isFirst || undefined}
      className="!w-32"
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={apply}
      onKeyDown={(event) => event.key === "Enter" && apply()}
    />
  );
}
