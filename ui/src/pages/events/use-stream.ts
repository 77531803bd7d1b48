import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { LogEvent } from "@/data/event";
import { listEvents, newestOf } from "@/data/events";
import { type EventFilter, subscribe } from "@/data/feed";
import { type Buffer, below, EMPTY, leaveOut, release, take } from "./buffer";
import { Player } from "./player";
import type { EventsSearch } from "./route";

/** Events a second that are shown live: more is faster than eyes. */
export const SHOWN_A_SECOND = 50;
/** Events of before that are shown below the live ones: as many as may have older ones. */
export const BEFORE = 200;
const PAGE = 500;
/** How often a replay shows what has happened by then, in milliseconds: no eye sees more, and each time costs a frame. */
const SHOW_EVERY_MS = 100;

export interface Stream {
  readonly buffer: Buffer;
  readonly mode: "loading" | "live" | "replay";
  /** Entries of the log that the store has still to read for this reader. */
  readonly behind: number;
  readonly refused?: string;
  /** What is played, if it is a replay. */
  readonly player?: Player;
  /** Shows what waits. */
  readonly release: () => void;
}

/** The stream of a filter: live, or played from a place on the log and live from its end on. */
export function useStream(search: EventsSearch, isHolding: boolean, isPaused: boolean): Stream {
  const { type, bucket, prefix, user, after, since, speed = 1 } = search;
  const filter = useMemo((): EventFilter => ({ type, bucket, prefix, user }), [type, bucket, prefix, user]);
  const [buffer, setBuffer] = useState(EMPTY);
  const [mode, setMode] = useState<Stream["mode"]>(
    after === undefined && since === undefined ? "loading" : "replay",
  );
  const [behind, setBehind] = useState(0);
  const [refused, setRefused] = useState<string>();
  const [player, setPlayer] = useState<Player>();
  const now = useRef({ isHolding, isPaused });
  now.current = { isHolding, isPaused };

  const follow = useCallback(
    (from: number | undefined) =>
      subscribe(
        { source: "events", filter, after: from, maxPerSecond: SHOWN_A_SECOND },
        {
          onEvents: (events) => {
            setBehind(0);
            setRefused(undefined);
            setBuffer((before) => take(before, events, now.current.isHolding));
          },
          onSkipped: (count) => setBuffer((before) => leaveOut(before, count)),
          onBehind: setBehind,
          onRefused: (_, message) => setRefused(message),
        },
      ),
    [filter],
  );

  useEffect(() => {
    setBuffer(EMPTY);
    setMode("loading");
    setRefused(undefined);
    setPlayer(undefined);
    let end: (() => void) | undefined;
    const control = new AbortController();
    const fail = (error: unknown) => {
      if (!control.signal.aborted) setRefused(error instanceof Error ? error.message : String(error));
    };
    if (after === undefined && since === undefined) {
      newestOf(filter, BEFORE, control.signal).then(({ events, sequence }) => {
        if (control.signal.aborted) return;
        setBuffer((before) => below(before, events));
        setMode("live");
        // Also if nothing was found: what happens until the store hears of this is followed, too.
        end = follow(sequence);
      }, fail);
    } else {
      const load = (from: number | undefined) =>
        listEvents(
          { ...filter, after: from, since: from === undefined ? since : undefined, limit: PAGE },
          control.signal,
        );
      const playing = new Player(load, after, 1);
      setPlayer(playing);
      setMode("replay");
      end = play(playing, now, setBuffer, () => {
        setMode("live");
        setPlayer(undefined);
        end = follow(playing.position);
      });
    }
    return () => {
      control.abort();
      end?.();
    };
  }, [filter, after, since, follow]);

  useEffect(() => player?.setSpeed(speed), [player, speed]);
  return { buffer, mode, behind, refused, player, release: useCallback(() => setBuffer(release), []) };
}

/** Plays until the end of the log. What is returned ends it. */
function play(
  player: Player,
  now: { current: { isHolding: boolean; isPaused: boolean } },
  set: (of: (before: Buffer) => Buffer) => void,
  onDone: () => void,
): () => void {
  let due: LogEvent[] = [];
  let shownAt = 0;
  let frame = requestAnimationFrame(function step(time) {
    due.push(...player.tick(time, now.current.isPaused));
    if (due.length > 0 && (player.isDone || time - shownAt >= SHOW_EVERY_MS)) {
      const events = due;
      due = [];
      shownAt = time;
      set((before) => take(before, events, now.current.isHolding));
    }
    if (player.isDone) return onDone();
    frame = requestAnimationFrame(step);
  });
  return () => cancelAnimationFrame(frame);
}
