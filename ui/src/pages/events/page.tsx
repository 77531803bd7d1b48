import { useNavigate, useSearch } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Empty, Notice, SkeletonRows } from "@/parts/states";
import { Controls } from "./controls";
import { Density } from "./density";
import { FilterBar } from "./filter-bar";
import { eventsRoute } from "./route";
import { StreamList } from "./stream-list";
import { StreamState } from "./stream-state";
import { BEFORE, useStream } from "./use-stream";

export default function LivePage() {
  const search = eventsRoute.useSearch();
  const { event: openSequence } = useSearch({ from: "__root__" });
  const navigate = useNavigate({ from: eventsRoute.fullPath });
  const [isPaused, setPaused] = useState(false);
  const [isAtTop, setAtTop] = useState(true);
  const place = useRef<HTMLDivElement>(null);
  const stream = useStream(search, isPaused || !isAtTop, isPaused);
  const { buffer, mode, player } = stream;
  const { release } = stream;
  useEffect(() => {
    if (isAtTop && !isPaused) release();
  }, [isAtTop, isPaused, release]);
  const pause = () => setPaused(!isPaused);
  useShortcuts([
    { keys: "space", says: "Pause and resume the stream", run: pause },
    { keys: "j", says: "The next event", run: () => focusRow(place.current, 1) },
    { keys: "k", says: "The previous event", run: () => focusRow(place.current, -1) },
  ]);
  const play = () => document.querySelector<HTMLElement>("[data-play]")?.focus();
  useShortcuts([{ keys: "p", says: "Play from a time or an event", run: play }]);
  useActions([{ title: "Play from a time or an event", run: play }]);
  useActions([{ title: isPaused ? "Resume the stream" : "Pause the stream", run: pause }]);
  const isEmpty = buffer.shown.length === 0 && buffer.held.length === 0;
  return (
    <Page
      title="Live"
      isFull
      about={<StreamState stream={stream} isPaused={isPaused} />}
      actions={<Controls search={search} isReplay={mode === "replay"} isPaused={isPaused} onPause={pause} />}
    >
      <FilterBar search={search} />
      <Density
        events={buffer.shown}
        isCut={search.after !== undefined || search.since !== undefined || buffer.shown.length >= BEFORE}
        until={player?.playedTime}
        onBrush={(since) =>
          void navigate({
            search: ({ after: _, ...before }) => ({
              ...before,
              since: new Date(since).toISOString(),
              speed: before.speed ?? 10,
            }),
          })
        }
      />
      {stream.refused && (
        <div className="px-4 py-2 lg:px-6">
          <Notice tone="danger">{stream.refused}</Notice>
        </div>
      )}
      {stream.refused && isEmpty ? null : mode === "loading" ? (
        <SkeletonRows rows={16} height={32} />
      ) : isEmpty ? (
        <Empty
          icon={Activity}
          title={mode === "replay" ? "Waiting for the first event" : "Nothing has happened here yet"}
          line={`planetstore events tail --url ${location.origin}`}
        >
          Every change of the store is an event, and appears here as soon as it is acknowledged.
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
    </Page>
  );
}

/** Moves the focus between the rows in view. */
function focusRow(list: HTMLElement | null, step: number): void {
  const rows = [...(list?.querySelectorAll<HTMLElement>("[data-event]") ?? [])].sort(
    (a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top,
  );
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const top = list?.getBoundingClientRect().top ?? 0;
  const first = rows.findIndex((row) => row.getBoundingClientRect().top >= top);
  rows[at < 0 ? Math.max(0, first) : at + step]?.focus();
}
