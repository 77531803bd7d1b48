import { ChevronRight, Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { cx } from "@/parts/class";
import { visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { Menu } from "@/parts/menu";
import { above, crumbsOf, folderOf, typedPrefix } from "./crumbs";

/** Folders that are shown side by side at most; of more, the last ones are, and the others are in a menu. */
const SHOWN_MAX = 3;
const SHOWN_LAST = 2;

/** The folders to where one is, with a field behind them: typing searches here, a slash goes into a folder. */
export function Path({
  bucket,
  prefix,
  onPrefix,
}: {
  bucket: string;
  prefix: string;
  onPrefix: (prefix: string, isTyped: boolean) => void;
}) {
  const [draft, setDraft] = useState(prefix);
  const typed = useRef(new Set<string>());
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // What was typed comes back as the page's address, later than what was typed next.
    if (!typed.current.delete(prefix)) setDraft(prefix);
  }, [prefix]);
  const { crumbs, rest } = crumbsOf(draft);
  const hidden = crumbs.length > SHOWN_MAX ? crumbs.slice(0, -SHOWN_LAST) : [];
  const type = (next: string) => {
    typed.current.add(next);
    setDraft(next);
    onPrefix(next, true);
  };
  const go = (next: string) => {
    onPrefix(next, false);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Escape" && rest !== "") type(folderOf(draft));
    else if (event.key === "Backspace" && rest === "" && draft !== "") type(draft.slice(0, -1));
    else if (event.key === "ArrowUp" && event.altKey) go(above(draft));
    else if (event.key === "ArrowDown" || event.key === "Enter")
      document.querySelector<HTMLElement>("[data-row]")?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the field inside has the focus and the keys.
    <div
      className="flex h-8 min-w-0 flex-1 cursor-text items-center gap-0.5 overflow-hidden rounded-md border border-line-strong bg-surface pr-2 pl-1 focus-within:border-accent hover:border-muted"
      onClick={(event) => event.target === event.currentTarget && field.current?.focus()}
    >
      <nav aria-label="Folders" className="flex min-w-0 shrink items-center overflow-hidden">
        <Step name={bucket} isLast={crumbs.length === 0} onGo={() => go("")} />
        {hidden.length > 0 && (
          <span className="flex shrink-0 items-center">
            <Menu
              align="start"
              trigger={
                <button
                  type="button"
                  aria-label="Folders between"
                  className="rounded-sm px-1.5 text-muted hover:bg-hover hover:text-text"
                >
                  …
                </button>
              }
              groups={[
                hidden.map(({ name, prefix: to }) => ({ label: named(name), onSelect: () => go(to) })),
              ]}
            />
            <ChevronRight size={14} aria-hidden className="shrink-0 text-faint" />
          </span>
        )}
        {crumbs.slice(hidden.length).map(({ name, prefix: to }, at, shown) => (
          <Step key={to} name={named(name)} isLast={at === shown.length - 1} onGo={() => go(to)} />
        ))}
      </nav>
      <Search size={14} aria-hidden className="mr-1 ml-1 shrink-0 text-faint" />
      <input
        ref={field}
        data-filter
        aria-label="Path, or a prefix of a key in this folder"
        className="name h-full min-w-28 flex-1 bg-transparent text-ellipsis outline-none"
        placeholder="prefix of a key, or path/"
        spellCheck={false}
        autoComplete="off"
        dir="auto"
        value={rest}
        onChange={(event) => type(typedPrefix(bucket, folderOf(draft), event.target.value))}
        onKeyDown={onKeyDown}
        onBlur={() => typed.current.clear()}
      />
    </div>
  );
}

function named(name: string): string {
  return name === "" ? "(no name)" : name;
}

function Step({ name, isLast, onGo }: { name: string; isLast: boolean; onGo: () => void }) {
  return (
    <span className={cx("flex min-w-0 items-center", isLast ? "shrink" : "shrink-[4]")}>
      <button
        type="button"
        onClick={onGo}
        title={visible(name)}
        className={cx(
          "name min-w-4 max-w-72 truncate rounded-sm px-1.5 py-0.5 hover:bg-hover",
          isLast ? "text-text" : "text-muted",
        )}
      >
        <KeyText name={name} />
      </button>
      <ChevronRight size={14} aria-hidden className="shrink-0 text-faint" />
    </span>
  );
}
