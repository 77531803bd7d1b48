import { useEffect, useMemo, useState } from "react";
import { placeOf, type ReplicatedTo, wayId } from "@/data/replication";
import { Legend, type Series, TimeChart } from "@/parts/chart";
import { Panel } from "@/parts/page";
import { farthest, grown, NO_HISTORY } from "./lag-history";
import { chartSeconds } from "./seconds-text";

/** The shortest span of the chart, in milliseconds. */
const SPAN_MIN_MS = 120_000;

const LINES = [
  { colour: "var(--noun-replication)", stroke: "solid" },
  { colour: "var(--noun-node)", stroke: "dashed" },
  { colour: "var(--noun-bucket)", stroke: "dotted" },
  { colour: "var(--noun-object)", stroke: "long" },
  { colour: "var(--noun-user)", stroke: "mixed" },
] as const;

/** How many seconds destinations were behind since the page was opened. While it is paused, nothing is reported. */
export function LagChart({
  ways,
  at,
  isPaused,
}: {
  ways: readonly ReplicatedTo[];
  /** When they were reported. */
  at: number;
  isPaused: boolean;
}) {
  const [history, setHistory] = useState(NO_HISTORY);
  useEffect(() => {
    const reported = isPaused ? ways.map((way) => ({ ...way, lag: undefined })) : ways;
    setHistory((before) => grown(before, at, reported));
  }, [at, ways, isPaused]);
  const { points } = history;
  const series = useMemo(() => farthest(history).map(seriesOf), [history]);
  const first = points[0]?.time ?? at;
  const last = points.at(-1)?.time ?? at;
  const isPart = ways.length > series.length && series.length === LINES.length;
  if (series.length === 0 && !ways.some(({ lag }) => lag)) return null;
  return (
    <Panel
      title={`Seconds behind${isPart ? ", of the five destinations that were farthest" : ""}`}
      aside={<span className="max-md:hidden">Since this page was opened</span>}
    >
      {/* It has its line before there is something on it, so that the chart does not move. */}
      <div className="min-h-5 pb-2">
        <Legend series={series} />
      </div>
      <TimeChart
        label="Seconds that destinations are behind, since this page was opened"
        points={points}
        series={series}
        format={chartSeconds}
        domain={[first, Math.max(last, first + SPAN_MIN_MS)]}
        height={140}
        empty="No destination has been reported since this page was opened."
      />
    </Panel>
  );
}

function seriesOf(way: ReplicatedTo, place: number): Series {
  return {
    key: wayId(way),
    title: `${way.bucket} to ${placeOf(way.destination)}`,
    ...(LINES[place] ?? { colour: "var(--muted)" }),
  };
}
