import { type PointerEvent, useMemo, useRef, useState } from "react";
import type { LogEvent } from "@/data/event";
import { nounColour } from "@/parts/badge";
import { clock, plural } from "@/parts/format";
import { useNow } from "@/parts/time";
import { type Bin, binsOf } from "./bins";

const BINS = 150;
const HEIGHT = 40;
/** The span of the live strip, in milliseconds. */
const LIVE_MS = 5 * 60_000;

/** When events happened, by noun. A drag over it plays from there. */
export function Density({
  events,
  isCut,
  until,
  onBrush,
}: {
  events: readonly LogEvent[];
  /** Whether the log may have older ones that are not loaded: before the first event, nothing is known. */
  isCut?: boolean;
  /** The end of the strip: a time on the log, or now. */
  until?: number;
  onBrush: (since: number) => void;
}) {
  const now = useNow((present) => Math.ceil(present / 2_000) * 2_000);
  const to = until === undefined ? now : Math.ceil(until / 2_000) * 2_000;
  const from = to - LIVE_MS;
  const bins = useMemo(() => binsOf(events, from, to, BINS), [events, from, to]);
  const oldest = events.at(-1);
  const unknown = isCut && oldest ? Math.max(0, (Date.parse(oldest.time) - from) / (to - from)) * BINS : 0;
  const highest = Math.max(1, ...bins.map((bin) => bin.total));
  const [brush, setBrush] = useState<readonly [number, number]>();
  const [hovered, setHovered] = useState<number>();
  const place = useRef<SVGSVGElement>(null);
  const binAt = (event: PointerEvent) => {
    const box = place.current?.getBoundingClientRect();
    if (!box) return 0;
    return Math.min(BINS - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * BINS)));
  };
  const bin = hovered === undefined ? undefined : bins[hovered];
  return (
    <div className="relative border-b border-line bg-surface px-4 pt-2 lg:px-6">
      <svg
        ref={place}
        viewBox={`0 0 ${BINS} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Events over time: ${plural(events.length, "event")} shown`}
        className="block h-10 w-full cursor-crosshair touch-none"
        onPointerDown={(event) => {
          place.current?.setPointerCapture(event.pointerId);
          setBrush([binAt(event), binAt(event)]);
        }}
        onPointerMove={(event) => {
          setHovered(binAt(event));
          if (brush) setBrush([brush[0], binAt(event)]);
        }}
        onPointerUp={() => {
          const first = brush && bins[Math.min(...brush)];
          setBrush(undefined);
          if (first) onBrush(first.from);
        }}
        onPointerLeave={() => setHovered(undefined)}
      >
        {unknown > 0 && <rect width={Math.min(BINS, unknown)} height={HEIGHT} fill="var(--hover)" />}
        {bins.map((each, index) => (
          <Bar key={each.from} bin={each} index={index} highest={highest} />
        ))}
        {brush && (
          <rect
            x={Math.min(...brush)}
            width={Math.abs(brush[1] - brush[0]) + 1}
            height={HEIGHT}
            fill="var(--accent)"
            opacity={0.25}
          />
        )}
      </svg>
      <div className="flex h-5 items-center justify-between font-mono text-[11px] text-muted">
        <span>{clock(from).slice(0, 8)}</span>
        <span>{saying(bin, (hovered ?? 0) < unknown, unknown > 0)}</span>
        <span>{until === undefined ? "now" : clock(to).slice(0, 8)}</span>
      </div>
    </div>
  );
}

/** What stands below the strip: the moment that is pointed at, or what can be done. */
function saying(bin: Bin | undefined, isUnknown: boolean, hasUnknown: boolean): string {
  if (bin === undefined) return `drag to play from there${hasUnknown ? "; grey is not loaded" : ""}`;
  const happened = bin.total === 0 && isUnknown ? "not loaded" : plural(bin.total, "event");
  return `${clock(bin.from).slice(0, 8)} · ${happened}`;
}

function Bar({ bin, index, highest }: { bin: Bin; index: number; highest: number }) {
  let top = HEIGHT;
  return Object.entries(bin.counts).map(([noun, value]) => {
    const height = Math.max(1.5, (value / highest) * (HEIGHT - 2));
    top -= height;
    return (
      <rect
        key={noun}
        x={index + 0.12}
        width={0.76}
        y={Math.max(0, top)}
        height={height}
        fill={nounColour(noun)}
      />
    );
  });
}
