import { useEffect, useState } from "react";
import { cx } from "./class";
import { Input } from "./field";

/** A field that searches when it is left, or by Enter: each letter would be a question to the log. */
export function AskedField({
  label,
  hint,
  value,
  isFirst,
  list,
  className,
  onChange,
}: {
  label: string;
  hint: string;
  value: string;
  isFirst?: boolean;
  list?: string;
  className: string;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const apply = () => text.trim() !== value && onChange(text.trim());
  return (
    <Input
      aria-label={label}
      title={label}
      placeholder={hint}
      isMono
      list={list}
      data-filter={isFirst || undefined}
      value={text}
      className={cx("!h-7 !text-xs", className)}
      onChange={(event) => setText(event.target.value)}
      onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === "Enter") apply();
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
