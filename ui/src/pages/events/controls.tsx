import { useNavigate } from "@tanstack/react-router";
import { FastForward, Pause, Play, Radio } from "lucide-react";
import { useState } from "react";
import { Button } from "@/parts/button";
import { Input } from "@/parts/field";
import { Segments } from "@/parts/tabs";
import { parsePlace } from "./jump";
import { type EventsSearch, eventsRoute } from "./route";

const SPEEDS = [1, 10, 100].map((speed) => ({ value: String(speed), title: `${speed}×` }));

/** Pause, and where the stream is played from. */
export function Controls({
  search,
  isReplay,
  isPaused,
  onPause,
}: {
  search: EventsSearch;
  isReplay: boolean;
  isPaused: boolean;
  onPause: () => void;
}) {
  const navigate = useNavigate({ from: eventsRoute.fullPath });
  const isPlayed = search.after !== undefined || search.since !== undefined;
  return (
    <>
      {isReplay && (
        <Segments
          label="Speed"
          options={SPEEDS}
          value={String(search.speed ?? 1)}
          onChange={(speed) =>
            void navigate({ search: (before) => ({ ...before, speed: Number(speed) }), replace: true })
          }
        />
      )}
      {isPlayed && (
        <Button
          icon={Radio}
          onClick={() => void navigate({ search: ({ after: _, since: __, speed: ___, ...rest }) => rest })}
        >
          Live
        </Button>
      )}
      <Jump />
      <Button
        look={isPaused ? "primary" : "plain"}
        icon={isPaused ? Play : Pause}
        onClick={onPause}
        className="w-24"
      >
        {isPaused ? "Resume" : "Pause"}
      </Button>
    </>
  );
}

function Jump() {
  const navigate = useNavigate({ from: eventsRoute.fullPath });
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  return (
    <form
      className="relative flex"
      onSubmit={(event) => {
        event.preventDefault();
        const place = parsePlace(text, new Date());
        setWrong(place === undefined);
        if (place === undefined) return;
        // The keys of the page work again.
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        void navigate({
          search: ({ after: _, since: __, ...rest }) => ({ ...rest, ...place, speed: rest.speed ?? 10 }),
        });
      }}
    >
      <Input
        aria-label="Play from"
        data-play
        aria-invalid={isWrong || undefined}
        aria-describedby={isWrong ? "jump-wrong" : undefined}
        placeholder="Play from 2h, 12:30, #1204"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setWrong(false);
        }}
        className="!w-56 rounded-r-none"
      />
      <Button type="submit" icon={FastForward} className="rounded-l-none border-l-0">
        Play
      </Button>
      {isWrong && (
        <p
          id="jump-wrong"
          role="alert"
          className="absolute top-9 left-0 z-10 rounded-md border border-line bg-surface px-2 py-1 text-xs text-danger shadow-panel"
        >
          Write a time such as 2h, 12:30 or 2026-11-22 12:30, or a sequence such as #1204.
        </p>
      )}
    </form>
  );
}
