import type { Series } from "./time-chart";

/** How lines are drawn, for SVG: so that nobody has to tell them apart by their colours alone. */
export const STROKES = {
  solid: undefined,
  dashed: "4 3",
  dotted: "1 3",
  long: "9 3",
  mixed: "8 3 1 3",
} as const;
export type Stroke = keyof typeof STROKES;

/** What the lines of a chart mean: each as it is drawn. */
export function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-muted">
      {series.map(({ key, title, colour, stroke = "solid" }) => (
        <li key={key} className="flex items-center gap-1.5">
          <svg width={15} height={8} aria-hidden>
            <line x2={15} y1={4} y2={4} stroke={colour} strokeWidth={2} strokeDasharray={STROKES[stroke]} />
          </svg>
          {title}
        </li>
      ))}
    </ul>
  );
}
