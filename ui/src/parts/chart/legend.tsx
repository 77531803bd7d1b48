import type { Series } from "./time-chart";

/** The dashes of a line, for SVG. */
export function dashesOf(isDashed?: boolean): string | undefined {
  return isDashed ? "4 3" : undefined;
}

/** What the lines of a chart mean: each as it is drawn, for two of them may differ by their dashes alone. */
export function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-muted">
      {series.map(({ key, title, colour, isDashed }) => (
        <li key={key} className="flex items-center gap-1.5">
          <svg width={15} height={8} aria-hidden>
            <line
              x2={15}
              y1={4}
              y2={4}
              stroke={colour}
              strokeWidth={2}
              strokeDasharray={dashesOf(isDashed)}
            />
          </svg>
          {title}
        </li>
      ))}
    </ul>
  );
}
