import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { eventQuery } from "@/data/events";
import { fromBeginning, growthQuery, SPANS, type Span } from "@/data/growth";
import type { Status } from "@/data/status";
import { Legend, type Series, TimeChart } from "@/parts/chart";
import { bytes, count, exactBytes, plural, ratio } from "@/parts/format";
import { Facts, Panel } from "@/parts/page";
import { explain } from "@/parts/states";
import { Segments } from "@/parts/tabs";

const SERIES: Series[] = [
  { key: "bytes", title: "Logical", colour: "var(--noun-bucket)" },
  { key: "stored", title: "Distinct", colour: "var(--noun-repair)", stroke: "dashed" },
];

/** What is stored, and how it grew. */
export function Stored({ status }: { status: Status }) {
  const [span, setSpan] = useState<Span>("24h");
  const growth = useQuery(growthQuery(span));
  // The log begins with the store.
  const { data: first } = useQuery({ ...eventQuery(1), retry: false });
  const points = fromBeginning(growth.data?.points ?? [], first?.time).map(({ time, bytes, stored }) => ({
    time: Date.parse(time),
    bytes,
    stored,
  }));
  return (
    <div className="grid gap-3 lg:grid-cols-3">
      <Panel
        title="Bytes stored"
        className="lg:col-span-2"
        aside={
          <>
            <Legend series={SERIES} />
            <Segments label="Span of growth" options={spanOptions} value={span} onChange={setSpan} />
          </>
        }
      >
        <TimeChart
          label="Bytes stored over time"
          height={224}
          points={points}
          series={SERIES}
          format={bytes}
          isBytes
          isLoading={growth.isPending}
          empty={growth.isError ? explain(growth.error) : "Nothing was stored in this time range."}
        />
      </Panel>
      <Figures status={status} />
    </div>
  );
}

function Figures({ status }: { status: Status }) {
  const { stored } = status;
  if (stored === null) return <Panel title="Stored">The state cannot be read at the moment.</Panel>;
  const size = (value: number) => <span title={exactBytes(value)}>{bytes(value)}</span>;
  return (
    <Panel title="What is stored">
      <div className="mt-1 mb-3 flex items-baseline gap-2">
        <span className="text-2xl font-semibold tracking-[-0.02em] tabular-nums">
          {size(stored.logical_bytes)}
        </span>
        <span className="text-muted">in {plural(stored.objects, "version")}</span>
      </div>
      <Facts
        className="tabular-nums"
        facts={[
          ["Buckets", count(stored.buckets)],
          ["Contents", `${count(stored.contents)} distinct`],
          ["Distinct bytes", size(stored.referenced_bytes)],
          ["Deduplication", ratio(stored.dedup_ratio)],
          ["To be reclaimed", size(Math.max(0, stored.content_bytes - stored.referenced_bytes))],
          ["Shards on disks", size(stored.shard_bytes)],
          ["Event log", status.log.bytes ? size(status.log.bytes) : "–"],
        ]}
      />
    </Panel>
  );
}

const spanOptions = (Object.keys(SPANS) as Span[]).map((value) => ({ value, title: SPANS[value].title }));
