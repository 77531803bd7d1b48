import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowUp } from "lucide-react";
import { type MouseEvent, memo, type RefObject, useRef } from "react";
import { aboutOf, type LogEvent, sequenceOf, whoOf } from "@/data/event";
import { EventType } from "@/parts/badge";
import { cx } from "@/parts/class";
import { bytes, clock, count, exactTime, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";

const ROW_PX = 32;
const OVERSCAN_ROWS = 10;
const COLUMNS =
  "grid grid-cols-[10rem_minmax(0,1fr)] gap-3 @xl:grid-cols-[6.5rem_11rem_minmax(0,1fr)] @3xl:grid-cols-[5rem_6.5rem_12rem_minmax(0,1fr)] @5xl:grid-cols-[5.5rem_6.5rem_14rem_minmax(0,1fr)_5rem_minmax(6rem,9rem)]";

/** The events, the newest first. While the reader is not at the top, what comes waits. */
export function StreamList({
  place,
  events,
  held,
  openSequence,
  onTop,
  onRelease,
}: {
  place: RefObject<HTMLDivElement | null>;
  events: readonly LogEvent[];
  held: number;
  openSequence?: number;
  onTop: (is: boolean) => void;
  onRelease: () => void;
}) {
  const list = useRef<HTMLOListElement>(null);
  const navigate = useNavigate();
  // The rows are plain links and the list hears the clicks: very many rows come and go.
  const open = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest("[data-event]") : null;
    if (link === null || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const search = (before: object) => ({ ...before, event: Number(link.getAttribute("data-event")) });
    void navigate({ to: ".", search, replace: true });
  };
  const virtual = useVirtualizer({
    count: events.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
    getItemKey: (index) => events[index]?.id ?? index,
  });
  return (
    <div className="@container relative flex min-h-0 flex-1 flex-col bg-surface">
      {held > 0 && (
        <button
          type="button"
          onClick={() => {
            place.current?.scrollTo({ top: 0 });
            onRelease();
          }}
          className="arrives absolute top-10 left-1/2 z-10 flex h-7 -translate-x-1/2 items-center gap-1.5 rounded-full bg-accent px-3 text-xs font-medium text-on-accent shadow-panel"
        >
          <ArrowUp size={13} aria-hidden />
          {count(held)} new
        </button>
      )}
      <div
        aria-hidden
        className={cx(
          COLUMNS,
          "h-8 shrink-0 items-center border-b border-line px-4 text-xs font-medium text-muted lg:px-6",
        )}
      >
        <span className="@max-3xl:hidden">Event</span>
        <span className="@max-xl:hidden">Time</span>
        <span>Type</span>
        <span>About</span>
        <span className="text-right @max-5xl:hidden">Size</span>
        <span className="pl-3 @max-5xl:hidden">Who</span>
      </div>
      <div
        ref={place}
        className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
        onScroll={(event) => onTop(event.currentTarget.scrollTop < ROW_PX / 2)}
      >
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: a link that is opened by Enter is clicked. */}
        <ol
          ref={list}
          aria-label={`${plural(events.length, "event")}, the newest first`}
          onClick={open}
          className="relative"
          style={{ height: virtual.getTotalSize() }}
        >
          {virtual.getVirtualItems().map((item) => {
            const event = events[item.index];
            return event === undefined ? null : (
              <Row
                key={item.key}
                event={event}
                start={item.start}
                isOpen={sequenceOf(event) === openSequence}
              />
            );
          })}
        </ol>
      </div>
    </div>
  );
}

const Row = memo(function Row({ event, start, isOpen }: { event: LogEvent; start: number; isOpen: boolean }) {
  const { data } = event;
  const sequence = sequenceOf(event);
  const size = typeof data.size === "number" ? data.size : undefined;
  return (
    <li className="absolute inset-x-0 top-0" style={{ transform: `translateY(${start}px)`, height: ROW_PX }}>
      <a
        href={`?event=${sequence}`}
        data-event={sequence}
        aria-current={isOpen || undefined}
        className={cx(
          COLUMNS,
          "h-8 items-center border-b border-line px-4 text-table outline-offset-[-2px] lg:px-6",
          isOpen ? "bg-selected" : "hover:bg-hover",
        )}
      >
        <span className="font-mono text-xs text-muted tabular-nums @max-3xl:hidden">#{count(sequence)}</span>
        <time
          dateTime={event.time}
          title={exactTime(event.time)}
          className="font-mono text-xs text-muted tabular-nums @max-xl:hidden"
        >
          {clock(event.time)}
        </time>
        <EventType type={event.type} />
        <span className="name truncate" title={visible(aboutOf(event))}>
          <KeyText name={aboutOf(event)} />
        </span>
        <span className="text-right font-mono text-xs text-muted tabular-nums @max-5xl:hidden">
          {size === undefined ? "" : bytes(size)}
        </span>
        <span className="truncate pl-3 text-xs text-muted @max-5xl:hidden" title={whoOf(event)}>
          {whoOf(event)}
        </span>
      </a>
    </li>
  );
});
