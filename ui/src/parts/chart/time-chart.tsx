import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { clock, moment } from "../format";
import { Skeleton } from "../states";
import { useChartsTogether } from "./hover";
import { STROKES, type Stroke } from "./legend";
import { byteTicks, timeLabel, timeTicks } from "./ticks";

export interface Series {
  readonly key: string;
  readonly title: string;
  readonly colour: string;
  /** Areas are stacked; lines are not. */
  readonly isArea?: boolean;
  /** How it is drawn; without it, as a solid line. */
  readonly stroke?: Stroke;
}

/** A point in time. Values that are absent are gaps. */
export type Point = { readonly time: number } & { readonly [key: string]: number | null };

export interface TimeChartProps {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly points: readonly Point[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** Whether the values are bytes, which have round numbers of their own. */
  readonly isBytes?: boolean;
  /** The span that is shown, in milliseconds; without it, that of the points. */
  readonly domain?: readonly [number, number];
  readonly height?: number;
  readonly isLoading?: boolean;
  /** What is said while there is no point. */
  readonly empty?: string;
}

const TICK = { fill: "var(--faint)", fontSize: 11 };

/** Values over time, that read exactly on hover. */
export function TimeChart(props: TimeChartProps) {
  const {
    label,
    points,
    series,
    format,
    domain,
    isBytes,
    height = 168,
    isLoading,
    empty = "Nothing in this time range.",
  } = props;
  const together = useChartsTogether();
  if (isLoading) {
    return (
      <div style={{ height }} aria-busy="true">
        <Skeleton className="size-full" />
      </div>
    );
  }
  const hasValue = points.some((point) => series.some(({ key }) => typeof point[key] === "number"));
  if (!hasValue) {
    return (
      <div style={{ height }} className="flex items-center justify-center text-table text-muted">
        {empty}
      </div>
    );
  }
  const span: [number, number] = domain
    ? [domain[0], domain[1]]
    : [points[0]?.time ?? 0, points.at(-1)?.time ?? 0];
  const isLong = span[1] - span[0] > 20 * 3_600_000;
  const { ticks, step } = timeTicks(span[0], span[1], -new Date(span[1]).getTimezoneOffset() * 60_000);
  const values = isBytes ? byteTicks(greatest(points, series)) : undefined;
  return (
    <figure aria-label={label} style={{ height }} className="min-w-0">
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height }}>
        <ComposedChart
          data={points as Point[]}
          syncId={together}
          syncMethod="value"
          margin={{ top: 6, right: 4, bottom: 0, left: 0 }}
          accessibilityLayer={false}
        >
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis
            dataKey="time"
            type="number"
            domain={span}
            ticks={ticks}
            tickFormatter={(time: number) => timeLabel(time, step)}
            tick={TICK}
            tickLine={false}
            axisLine={{ stroke: "var(--line)" }}
            // The last mark has no label if it does not fit, rather than that it takes the place of the one before it.
            interval="preserveStart"
            minTickGap={16}
            height={20}
          />
          <YAxis
            tickFormatter={(value: number) => format(value).replace(" ", "\u00a0")}
            tick={TICK}
            tickLine={false}
            axisLine={false}
            width={58}
            tickCount={4}
            ticks={values}
            domain={[0, values?.at(-1) ?? "auto"]}
          />
          <Tooltip
            content={<Reading series={series} format={format} isLong={isLong} />}
            isAnimationActive={false}
            cursor={{ stroke: "var(--line-strong)" }}
          />
          {series.map((each) => shape(each))}
        </ComposedChart>
      </ResponsiveContainer>
    </figure>
  );
}

/** The greatest value of lines, none of which is stacked. */
function greatest(points: readonly Point[], series: readonly Series[]): number {
  let most = 0;
  for (const point of points) for (const { key } of series) most = Math.max(most, point[key] ?? 0);
  return most;
}

function shape({ key, title, colour, isArea, stroke = "solid" }: Series) {
  const common = {
    dataKey: key,
    name: title,
    stroke: colour,
    strokeWidth: 1.5,
    type: "linear" as const,
    dot: false,
    activeDot: { r: 3 },
    isAnimationActive: false,
    connectNulls: false,
  };
  return isArea ? (
    <Area key={key} {...common} fill={colour} fillOpacity={0.14} stackId="areas" />
  ) : (
    <Line key={key} {...common} strokeDasharray={STROKES[stroke]} />
  );
}

interface ReadingProps {
  series: readonly Series[];
  format: (value: number) => string;
  isLong: boolean;
  active?: boolean;
  label?: number;
  payload?: readonly { dataKey?: unknown; value?: unknown }[];
}

function Reading({ series, format, isLong, active, label, payload }: ReadingProps) {
  if (!active || label === undefined || !payload?.length) return null;
  const value = (key: string) => payload.find((each) => each.dataKey === key)?.value;
  return (
    <div className="rounded-md border border-line bg-surface px-2.5 py-1.5 text-xs shadow-panel">
      <p className="font-mono text-muted">{isLong ? moment(label) : clock(label).slice(0, 8)}</p>
      {series.map(({ key, title, colour }) => {
        const read = value(key);
        return (
          <p key={key} className="flex items-center gap-2">
            <span className="size-2 rounded-[2px]" style={{ background: colour }} />
            {title}
            <span className="ml-auto pl-3 font-mono">{typeof read === "number" ? format(read) : "–"}</span>
          </p>
        );
      })}
    </div>
  );
}
