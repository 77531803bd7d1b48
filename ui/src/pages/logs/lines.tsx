import type { LogLine } from "@/data/logs";
import { cx } from "@/parts/class";
import { clock, exactTime, visibleLines } from "@/parts/format";

const TONES: Record<string, string> = { error: "text-danger", warn: "text-warning", info: "text-notice" };

/** Log lines, the newest first. */
export function Lines({ lines }: { lines: readonly LogLine[] }) {
  return (
    <section
      aria-label="Log lines, the newest first"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto border-t border-line bg-surface font-mono text-xs outline-offset-[-2px]"
    >
      <ol>
        {lines.map((line, at) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name of their own, and two may be alike.
            key={`${line.time} ${lines.length - at}`}
            className="flex gap-3 border-b border-line px-4 py-1.5 lg:px-6"
          >
            <time
              dateTime={line.time}
              title={exactTime(line.time)}
              className="shrink-0 text-muted tabular-nums"
            >
              {clock(line.time)}
            </time>
            <span className={cx("w-12 shrink-0 uppercase", TONES[line.level.toLowerCase()] ?? "text-muted")}>
              {line.level}
            </span>
            <span
              className="w-28 shrink-0 truncate text-muted max-md:hidden"
              title={line.target ?? undefined}
            >
              {line.role ?? line.target}
            </span>
            <span className="min-w-0 break-words">
              {visibleLines(line.message)} <span className="text-muted">{visibleLines(fieldsOf(line))}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function fieldsOf({ fields }: LogLine): string {
  return Object.entries(fields ?? {})
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
