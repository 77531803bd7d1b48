import type { Insights } from "@/data/insights";
import { bytes, count, exactBytes, plural } from "@/parts/format";
import { Panel } from "@/parts/page";

/** How old what is stored is. */
export function Ages({ ages }: { ages: Insights["ages"] }) {
  const most = Math.max(1, ...ages.map((age) => age.bytes));
  return (
    <Panel title="By age" aside="current objects" isFlush>
      <ul>
        {ages.map((age) => (
          <li
            key={age.days_min}
            className="grid h-9 grid-cols-[9rem_minmax(0,1fr)_auto] items-center gap-3 border-t border-line px-4 text-table"
          >
            <span>{span(age.days_min, age.days_max)}</span>
            <span className="h-1.5 overflow-hidden rounded-full bg-hover" aria-hidden>
              <span className="block h-full bg-accent" style={{ width: `${(age.bytes / most) * 100}%` }} />
            </span>
            <span className="w-36 text-right text-xs text-muted tabular-nums">
              <span className="text-table text-text" title={exactBytes(age.bytes)}>
                {bytes(age.bytes)}
              </span>{" "}
              · {count(age.objects)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function span(from: number, to: number | null | undefined): string {
  if (to === null || to === undefined) return `${plural(from, "day")} and more`;
  return from === 0 ? `less than ${plural(to, "day")}` : `${count(from)} to ${plural(to, "day")}`;
}
