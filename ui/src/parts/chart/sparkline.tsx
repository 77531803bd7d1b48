/** A small line without axes, drawn by itself: a table has hundreds of them. Gaps are gaps. */
export function Sparkline({
  values,
  label,
  width = 96,
  height = 20,
  colour = "var(--accent)",
}: {
  values: readonly (number | null)[];
  /** What it shows, in words. */
  label: string;
  width?: number;
  height?: number;
  colour?: string;
}) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <span className="text-xs text-faint">–</span>;
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      className="block"
    >
      <path
        d={pathOf(values, width, height)}
        fill="none"
        stroke={colour}
        strokeWidth={1.5}
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** The path of a line that uses all of its room. */
export function pathOf(values: readonly (number | null)[], width: number, height: number): string {
  const known = values.filter((value): value is number => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = high - low;
  const x = (place: number) => round((place / Math.max(1, values.length - 1)) * (width - 2) + 1);
  // What stays the same is in the middle, unless it is nothing.
  const level = high === 0 ? height - 2 : height / 2;
  const y = (value: number) => round(span === 0 ? level : height - 2 - ((value - low) / span) * (height - 4));
  let path = "";
  let isGap = true;
  values.forEach((value, place) => {
    if (value !== null) path += `${isGap ? "M" : "L"}${x(place)} ${y(value)}`;
    isGap = value === null;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
