import { State } from "../badge";
import { inWords, type Sentence } from "./words";

/** What a policy says, in words. */
export function PolicyWords({ document }: { document: string }) {
  const said = wordsOf(document);
  if (said === undefined) return <p className="text-table text-muted">This is not a valid policy yet.</p>;
  if (said.length === 0) return <p className="text-table text-muted">It has no statement.</p>;
  return (
    <ul className="flex flex-col gap-1.5 text-table">
      {said.map(({ text, isAllowed, isPublic }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: statements have a fixed order, and may say the same.
        <li key={place} className="flex items-start gap-2">
          <State tone={isPublic ? "warning" : isAllowed ? "ok" : "danger"} className="w-20 shrink-0">
            {isPublic ? "public" : isAllowed ? "allows" : "denies"}
          </State>
          <span className="min-w-0 break-words">{text}</span>
        </li>
      ))}
    </ul>
  );
}

/** The sentences of a document; absent while it is none. */
export function wordsOf(document: string): Sentence[] | undefined {
  try {
    return inWords(document);
  } catch {
    return undefined;
  }
}
