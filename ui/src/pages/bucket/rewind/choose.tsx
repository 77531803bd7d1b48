import { useQuery } from "@tanstack/react-query";
import { keyOf, sequenceOf, whoOf } from "@/data/event";
import { newestEvents } from "@/data/events";
import { EventType } from "@/parts/badge";
import { Button } from "@/parts/button";
import { count, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { Panel } from "@/parts/page";
import { explain, SkeletonRows } from "@/parts/states";
import { Ago } from "@/parts/time";
import { MomentField } from "./moment";

const HOUR_MS = 3_600_000;
const QUICK = [
  { title: "1 hour ago", ms: HOUR_MS },
  { title: "1 day ago", ms: 24 * HOUR_MS },
  { title: "1 week ago", ms: 7 * 24 * HOUR_MS },
] as const;
/** Events that are offered. */
const SHOWN = 20;

/** Asks for the moment: by time, or just before something that happened. */
export function Choose({ bucket, onAt }: { bucket: string; onAt: (at: string) => void }) {
  const events = useQuery({
    queryKey: ["events", "newest", "of", bucket, SHOWN],
    queryFn: ({ signal }) => newestEvents({ bucket, type: "object" }, SHOWN, signal),
    meta: { nouns: ["object"] },
  });
  return (
    <div className="flex max-w-5xl flex-col gap-4 px-4 py-5 lg:px-6">
      <div>
        <h2 className="text-lg font-medium">See the bucket as it was</h2>
        <p className="mt-1 text-muted">
          The log has every change, so the bucket can be shown as of any time or event, and objects that were
          lost since can be restored.
        </p>
      </div>
      <div className="flex flex-wrap items-start gap-2">
        <MomentField onAt={onAt} />
        {QUICK.map(({ title, ms }) => (
          <Button key={title} onClick={() => onAt(new Date(Date.now() - ms).toISOString())}>
            {title}
          </Button>
        ))}
      </div>
      <Panel title="Or as it was before one of the last changes" isFlush>
        {events.isPending && <SkeletonRows rows={8} />}
        {events.isError && <p className="px-4 pb-4 text-table text-muted">{explain(events.error)}</p>}
        {events.data?.length === 0 && (
          <p className="px-4 pb-4 text-table text-muted">Nothing has changed in this bucket yet.</p>
        )}
        <ul>
          {events.data?.map((event) => (
            <li
              key={event.id}
              className="grid h-9 grid-cols-[minmax(0,1fr)_auto_auto] items-center gap-3 border-t border-line px-4 text-table md:grid-cols-[11rem_minmax(0,1fr)_auto_auto] xl:grid-cols-[6rem_11rem_minmax(0,1fr)_auto_auto]"
            >
              <span className="font-mono text-xs text-muted tabular-nums max-xl:hidden">
                #{count(sequenceOf(event))}
              </span>
              <span className="flex min-w-0 max-md:hidden">
                <EventType type={event.type} />
              </span>
              <span className="truncate" title={visible(keyOf(event) ?? "")}>
                <span className="name">
                  <KeyText name={keyOf(event) ?? ""} />
                </span>
              </span>
              <span
                className="flex max-w-64 min-w-0 gap-1 text-xs whitespace-nowrap text-muted"
                title={whoOf(event)}
              >
                <span className="truncate max-xl:hidden">{whoOf(event)}</span>
                <span aria-hidden className="max-xl:hidden">
                  ·
                </span>
                <Ago time={event.time} />
              </span>
              <Button isSmall onClick={() => onAt(String(sequenceOf(event) - 1))}>
                Before this
              </Button>
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}
