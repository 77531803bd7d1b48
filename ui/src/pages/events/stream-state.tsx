import { State } from "@/parts/badge";
import { count, duration, moment, plural } from "@/parts/format";
import { QUIET_LINK } from "@/parts/link";
import { explain } from "@/parts/states";
import { useNow } from "@/parts/time";
import { SHOWN_A_SECOND, type Stream } from "./use-stream";

/** How long nothing has to happen in a replay until it can be skipped, in seconds. */
const LONG_SECONDS = 3;

/** What the stream does, and what it leaves out. */
export function StreamState({ stream, isPaused }: { stream: Stream; isPaused: boolean }) {
  const { buffer, mode, behind, player } = stream;
  // A replay moves on by itself: this looks at it once a second.
  useNow((now) => Math.floor(now / 1_000));
  const wait = player?.nextIn ?? 0;
  return (
    <span className="flex min-w-44 items-center gap-x-4 overflow-hidden whitespace-nowrap" aria-live="off">
      {stream.refused !== undefined ? (
        <State tone="danger">Stopped</State>
      ) : isPaused ? (
        <State tone="warning">
          Paused{buffer.held.length > 0 && `, ${count(buffer.held.length)} waiting`}
        </State>
      ) : mode === "live" ? (
        <State tone="ok">Live</State>
      ) : mode === "replay" ? (
        <State tone="notice">
          Replay{player?.playedTime !== undefined && ` of ${moment(player.playedTime)}`}
        </State>
      ) : (
        <State tone="none">Loading</State>
      )}
      {behind > 0 && <span>{plural(behind, "entry", "entries")} behind</span>}
      {wait > LONG_SECONDS && (
        <button type="button" className={QUIET_LINK} onClick={() => player?.skip()}>
          Nothing for {duration(wait)}: go to the next event
        </button>
      )}
      {player?.error !== undefined && <span className="text-danger">{explain(player.error)}</span>}
      {buffer.leftOut > 0 && (
        <span
          className="truncate"
          title={`At most ${plural(SHOWN_A_SECOND, "event")} a second are shown. All of them are on the log.`}
        >
          {plural(buffer.leftOut, "event")} left out, too fast to read
        </span>
      )}
    </span>
  );
}
