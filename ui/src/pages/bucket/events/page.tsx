import { Link, useSearch } from "@tanstack/react-router";
import { Activity, FastForward, Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button, buttonClass } from "@/parts/button";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Empty, Notice, SkeletonRows } from "@/parts/states";
import { StreamList } from "../../events/stream-list";
import { StreamState } from "../../events/stream-state";
import { useStream } from "../../events/use-stream";
import { bucketEventsRoute } from "../route";

/** The events of this bucket alone, live. */
export default function BucketEventsPage() {
  const { bucket } = bucketEventsRoute.useParams();
  const { event: openSequence } = useSearch({ from: "__root__" });
  const [isPaused, setPaused] = useState(false);
  const [isAtTop, setAtTop] = useState(true);
  const place = useRef<HTMLDivElement>(null);
  const stream = useStream({ bucket }, isPaused || !isAtTop, isPaused);
  const { buffer, mode, release } = stream;
  useEffect(() => {
    if (isAtTop && !isPaused) release();
  }, [isAtTop, isPaused, release]);
  const pause = () => setPaused(!isPaused);
  useShortcuts([{ keys: "space", says: "Pause and resume the stream", run: pause }]);
  const isEmpty = buffer.shown.length === 0 && buffer.held.length === 0;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-12 flex-wrap items-center gap-2 border-b border-line px-4 py-2 lg:px-6">
        <div className="text-table text-muted">
          <StreamState stream={stream} isPaused={isPaused} />
        </div>
        <div className="ml-auto flex gap-2">
          <Link to="/events" search={{ bucket, after: 0, speed: 10 }} className={buttonClass()}>
            <FastForward size={16} strokeWidth={1.75} aria-hidden />
            Play from its beginning
          </Link>
          <Button
            look={isPaused ? "primary" : "plain"}
            icon={isPaused ? Play : Pause}
            onClick={pause}
            className="w-24"
          >
            {isPaused ? "Resume" : "Pause"}
          </Button>
        </div>
      </div>
      {stream.refused && (
        <div className="px-4 py-2 lg:px-6">
          <Notice tone="danger">{stream.refused}</Notice>
        </div>
      )}
      {mode === "loading" && !stream.refused ? (
        <SkeletonRows rows={14} height={32} />
      ) : isEmpty ? (
        <Empty
          icon={Activity}
          title="Nothing has happened here yet"
          line={`planetstore events tail --bucket ${bucket} --url ${location.origin}`}
        >
          Every change of this bucket is an event, and appears here as soon as it is acknowledged.
        </Empty>
      ) : (
        <StreamList
          place={place}
          events={buffer.shown}
          held={buffer.held.length}
          openSequence={openSequence}
          onTop={setAtTop}
          onRelease={() => {
            setPaused(false);
            release();
          }}
        />
      )}
    </div>
  );
}
