import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { bucketQuery } from "@/data/buckets";
import { fromBeginning, growthQuery, SPANS, type Span } from "@/data/growth";
import { ChartsTogether, Legend, type Series, TimeChart } from "@/parts/chart";
import { bytes, short } from "@/parts/format";
import { Panel } from "@/parts/page";
import { explain } from "@/parts/states";
import { Segments } from "@/parts/tabs";

const BYTES: Series[] = [
  { key: "bytes", title: "Logical", colour: "var(--noun-bucket)" },
  { key: "stored", title: "Distinct", colour: "var(--noun-repair)", stroke: "dashed" },
];
const OBJECTS: Series[] = [
  { key: "objects", title: "Objects", colour: "var(--noun-object)" },
  { key: "versions", title: "Versions", colour: "var(--noun-node)", stroke: "dashed" },
];
const OPTIONS = (Object.keys(SPANS) as Span[]).map((value) => ({ value, title: SPANS[value].title }));

/** How the bucket grew. */
export function Growth({ bucket }: { bucket: string }) {
  const [span, setSpan] = useState<Span>("7d");
  const growth = useQuery(growthQuery(span, bucket));
  const { data: about } = useQuery({ ...bucketQuery(bucket), retry: false });
  const points = fromBeginning(growth.data?.points ?? [], about?.created).map(({ time, ...values }) => ({
    time: Date.parse(time),
    ...values,
  }));
  const common = {
    points,
    isLoading: growth.isPending,
    empty: growth.isError ? explain(growth.error) : "Nothing was stored in this time range.",
  };
  return (
    <section aria-label="Growth" className="flex flex-col gap-2">
      <div className="flex items-center justify-between">
        <h2 className="text-table font-medium text-muted">Growth</h2>
        <Segments label="Span of growth" options={OPTIONS} value={span} onChange={setSpan} />
      </div>
      <ChartsTogether>
        <div className="grid gap-3 lg:grid-cols-2">
          <Panel title="Bytes" aside={<Legend series={BYTES} />}>
            <TimeChart {...common} label="Bytes over time" series={BYTES} format={bytes} isBytes />
          </Panel>
          <Panel title="Objects and versions" aside={<Legend series={OBJECTS} />}>
            <TimeChart {...common} label="Objects and versions over time" series={OBJECTS} format={short} />
          </Panel>
        </div>
      </ChartsTogether>
    </section>
  );
}
