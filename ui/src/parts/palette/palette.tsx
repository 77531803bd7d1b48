import { Dialog as Base } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useState } from "react";
import { useMay } from "@/data/rights";
import { searchQuery } from "@/data/search";
import { cx } from "../class";
import { KeyText } from "../key-text";
import { actionsNow } from "./actions";
import { type Entry, entriesFor } from "./entries";

/** Search over pages, actions and everything in the store, by keyboard alone. */
export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Base.Root open={isOpen} onOpenChange={(is) => !is && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/40" />
        <Base.Popup
          data-modal
          aria-label="Search"
          className="fixed top-[12vh] left-1/2 z-50 w-[min(38rem,calc(100vw-2rem))] -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-surface shadow-panel"
        >
          {isOpen && <Finder onClose={onClose} />}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const id = useId();
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const { data } = useQuery(searchQuery(useDeferredValue(text.trim())));
  const may = useMay();
  const entries = entriesFor(text, data, actionsNow(), may, (to) => router.history.push(to));
  const chosen = Math.min(place, entries.length - 1);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [id, chosen]);
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setPlace((chosen + step + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") run(entries[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search size={16} aria-hidden className="text-muted" />
        <input
          // biome-ignore lint/a11y/noAutofocus: the person asked for this field.
          autoFocus
          role="combobox"
          aria-label="Search"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          className="h-12 w-full bg-transparent outline-none"
          placeholder="Go to, do, or find"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setPlace(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div
        role="listbox"
        id={`${id}-list`}
        aria-label="Results"
        className="max-h-[50vh] overflow-y-auto p-1.5 empty:hidden"
      >
        {entries.map((entry, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and handles the keys.
          <div
            key={entry.id}
            id={`${id}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === chosen}
            onClick={() => run(entry)}
            onPointerMove={() => setPlace(at)}
            className={cx("flex h-9 items-center gap-3 rounded-md px-2.5", at === chosen && "bg-selected")}
          >
            <entry.icon size={16} strokeWidth={1.6} aria-hidden className="shrink-0 text-muted" />
            <span className="min-w-0 truncate">
              <KeyText name={entry.title} />
            </span>
            <span className="ml-auto shrink-0 text-xs text-muted">{entry.kind}</span>
          </div>
        ))}
      </div>
      {/* A list of choices has nothing but choices in it. */}
      <p role="status" className="px-3 py-6 text-center text-muted empty:hidden">
        {entries.length === 0 && "Nothing is called like this."}
      </p>
    </>
  );
}
