import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { telemetryQuery, useTicks } from "@/data/telemetry";
import { Legend, type Series, TimeChart } from "@/parts/chart";
import { bytes, milliseconds, short } from "@/parts/format";
import { Panel } from "@/parts/page";
import { explain } from "@/parts/states";
import { Segments } from "@/parts/tabs";
import { useNow } from "@/parts/time";
import { joined, pointOf, withGaps } from "./series";

const SPANS = {
  "5m": { title: "5 min", hours: 5 / 60, step: 10 },
  "1h": { title: "1 h", hours: 1, step: 10 },
  "24h": { title: "24 h", hours: 24, step: 300 },
} as const;
type Span = keyof typeof SPANS;

// The two are drawn over each other: their hues are far apart in both themes.
const READ = "var(--accent)";
const WRITE = "var(--noun-object)";
const REQUESTS: Series[] = [
  { key: "reads", title: "Reads", colour: READ },
  { key: "writes", title: "Writes", colour: WRITE, stroke: "dashed" },
  { key: "errors", title: "Errors", colour: "var(--danger)", stroke: "dotted" },
];
const BYTES: Series[] = [
  { key: "out", title: "Out", colour: READ },
  { key: "in", title: "In", colour: WRITE, stroke: "dashed" },
];
const LATENCY: Series[] = [
  { key: "readP50", title: "Read p50", colour: READ },
  { key: "readP99", title: "Read p99", colour: READ, stroke: "dashed" },
  { key: "writeP50", title: "Write p50", colour: WRITE, stroke: "long" },
  { key: "writeP99", title: "Write p99", colour: WRITE, stroke: "dotted" },
];
/** The same beside a title: a percentile follows the one of the same requests. */
const LATENCY_LEGEND = LATENCY.map((line) => ({ ...line, title: line.title.replace(/^.* p99$/, "p99") }));

/** Requests, bytes and latency, now and before. */
export function Traffic() {
  const [span, setSpan] = useState<Span>("5m");
  const { hours, step } = SPANS[span];
  const live = useTicks();
  const kept = useQuery(telemetryQuery(hours, step));
  const now = useNow((present) => Math.floor(present / 1_000) * 1_000);
  const from = now - hours * 3_600_000;
  const ticks = kept.data?.points ?? [];
  const points = span === "5m" ? joined(ticks, live.ticks, from) : withGaps(ticks.map(pointOf), step * 1_000);
  const common = {
    points,
    domain: [from, now] as const,
    isLoading: kept.isPending && points.length === 0,
    empty: kept.isError
      ? explain(kept.error)
      : (live.refused ?? "There were no requests in this time range."),
  };
  return (
    <section aria-label="Traffic" className="flex flex-col gap-2">
      <div className="flex items-center justify-between">
        <h2 className="text-table font-medium text-muted">Traffic</h2>
        <Segments label="Span" options={spanOptions} value={span} onChange={setSpan} />
      </div>
      <div className="grid gap-3 lg:grid-cols-3">
        <Panel title="Requests per second" aside={<Legend series={REQUESTS} />}>
          <TimeChart
            {...common}
            label="Requests per second: reads, writes and errors"
            series={REQUESTS}
            format={short}
          />
        </Panel>
        <Panel title="Bytes per second" aside={<Legend series={BYTES} />}>
          <TimeChart {...common} label="Bytes per second, in and out" series={BYTES} format={bytes} isBytes />
        </Panel>
        <Panel title="Latency" aside={<Legend series={LATENCY_LEGEND} />}>
          <TimeChart {...common} label="Latency of reads and writes" series={LATENCY} format={milliseconds} />
        </Panel>
      </div>
    </section>
  );
}

const spanOptions = (Object.keys(SPANS) as Span[]).map((value) => ({ value, title: SPANS[value].title }));
