import { useEffect, useRef, useState } from "react";
import { useFeed } from "@/data/feed";
import { refreshBucket } from "@/data/s3/remove";
import { plural } from "@/parts/format";

/** How often the list is asked for anew at most while its folder changes, in milliseconds. */
const ANEW_EVERY_MS = 2_000;
/** Events a second that are heard; the rest is counted. */
const EVENTS_PER_SECOND = 20;

/** Keeps the list true: at its top by itself, and by a click where rows would move while somebody reads them. */
export function Changes({ bucket, folder, pages }: { bucket: string; folder: string; pages: number }) {
  const [changes, setChanges] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isLong = useRef(false);
  isLong.current = pages > 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another folder begins without changes.
  useEffect(() => setChanges(0), [bucket, folder]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const heard = (count: number) => {
    if (isLong.current) return setChanges((before) => before + count);
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void refreshBucket(bucket);
    }, ANEW_EVERY_MS);
  };
  useFeed(
    {
      source: "events",
      filter: { bucket, prefix: folder || undefined, type: "object" },
      maxPerSecond: EVENTS_PER_SECOND,
    },
    { onEvents: (events) => heard(events.length), onSkipped: (count) => heard(count) },
  );
  if (changes === 0) return null;
  return (
    <div className="relative z-20 h-0 text-center">
      <button
        type="button"
        className="relative top-1 h-7 rounded-full border border-accent bg-surface px-3 text-xs font-medium text-accent shadow-panel"
        onClick={() => {
          setChanges(0);
          void refreshBucket(bucket);
        }}
      >
        {plural(changes, "change")} in this folder. Show them
      </button>
    </div>
  );
}
