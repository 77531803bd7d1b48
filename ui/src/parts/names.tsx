import { X } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { Button } from "./button";
import { Input } from "./field";
import { explain } from "./states";

/** Names that something has, such as the groups of a user, each with a way out, and a field that adds one. */
export function Names({
  title,
  names,
  known,
  empty,
  verb,
  isBusy,
  error,
  isFixed,
  show,
  onAdd,
  onRemove,
}: {
  title: string;
  names: readonly string[];
  /** Names that are offered. Any other can be typed. */
  known: readonly string[];
  /** What is said if there is none. */
  empty: string;
  /** What adds one: `Attach`. */
  verb: string;
  isBusy?: boolean;
  error?: unknown;
  isFixed?: boolean;
  /** A name, as a link. */
  show: (name: string) => ReactNode;
  onAdd: (name: string, added: () => void) => void;
  onRemove: (name: string) => void;
}) {
  const [typed, setTyped] = useState("");
  const list = useId();
  return (
    <section aria-label={title} className="flex flex-col gap-2">
      <h2 className="text-xs font-medium text-muted">{title}</h2>
      {names.length === 0 ? (
        <p className="text-table text-muted">{empty}</p>
      ) : (
        <ul className="flex flex-wrap gap-1.5">
          {names.map((name) => (
            <li
              key={name}
              className="inline-flex h-7 max-w-full items-center gap-1 rounded-md border border-line bg-sunken pr-0.5 pl-2 text-table"
            >
              <span className="min-w-0 truncate">{show(name)}</span>
              {!isFixed && (
                <button
                  type="button"
                  aria-label={`Remove ${name}`}
                  title={`Remove ${name}`}
                  disabled={isBusy}
                  onClick={() => onRemove(name)}
                  className="flex size-6 items-center justify-center rounded-sm text-muted hover:bg-hover hover:text-text"
                >
                  <X size={13} aria-hidden />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {!isFixed && (
        <form
          className="flex gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (typed.trim() !== "" && !isBusy) onAdd(typed.trim(), () => setTyped(""));
          }}
        >
          <Input
            aria-label={`${verb}: ${title}`}
            list={list}
            className="!h-7 !w-48 text-table"
            placeholder="Name"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <datalist id={list}>
            {known
              .filter((name) => !names.includes(name))
              .map((name) => (
                <option key={name} value={name} />
              ))}
          </datalist>
          <Button isSmall type="submit" isBusy={isBusy} disabled={typed.trim() === ""}>
            {verb}
          </Button>
        </form>
      )}
      {error ? (
        <p className="text-xs text-danger" role="alert">
          {explain(error)}
        </p>
      ) : null}
    </section>
  );
}
