import { useQuery } from "@tanstack/react-query";
import { Gauge, Pause, Play, RotateCw } from "lucide-react";
import { useState } from "react";
import { sentence } from "@/data/http";
import { useChangeWorker, type Worker, workersQuery } from "@/data/workers";
import { State, type Tone } from "@/parts/badge";
import { Button, IconButton } from "@/parts/button";
import { Input } from "@/parts/field";
import { bytes, count, duration } from "@/parts/format";
import { Panel } from "@/parts/page";
import { explain, Failure, SkeletonRows } from "@/parts/states";
import { Ago, Lasting } from "@/parts/time";

const TONES: Record<string, Tone> = {
  idle: "ok",
  working: "notice",
  paused: "warning",
  waiting: "none",
  failing: "danger",
};

/** What is done in the background: how far it is, how fast, what remains. */
export function Work() {
  const workers = useQuery(workersQuery);
  return (
    <Panel title="Background work" isFlush>
      {workers.isPending && <SkeletonRows rows={5} height={64} />}
      {workers.isError && !workers.data && (
        <Failure
          error={workers.error}
          what="The background workers could not be listed."
          onRetry={() => void workers.refetch()}
        />
      )}
      <ul>
        {workers.data?.toSorted(byCare).map((worker) => (
          <WorkerRow key={`${worker.worker} ${worker.process.process}`} worker={worker} />
        ))}
      </ul>
    </Panel>
  );
}

/** Those that somebody looks for first when a node failed. They stay in their places, whatever they do. */
const FIRST: readonly string[] = ["repair", "scan", "replicate"];

function byCare(one: Worker, other: Worker): number {
  const place = ({ worker }: Worker) => (FIRST.indexOf(worker) + FIRST.length + 1) % (FIRST.length + 1);
  return place(one) - place(other);
}

/** An amount in the unit of a worker. */
function amount(value: number, unit: string): string {
  if (unit === "bytes") return bytes(value);
  const rounded = Math.round(value);
  return `${count(rounded)} ${rounded === 1 ? singular(unit) : unit}`;
}

/** One of each of these: `contents and strays` is `content and stray`. */
function singular(unit: string): string {
  return unit.replace(/ies\b/g, "y").replace(/s\b/g, "");
}

function WorkerRow({ worker }: { worker: Worker }) {
  const change = useChangeWorker();
  const [isRating, setRating] = useState(false);
  const { state, left, done } = worker;
  const isPaused = state.name === "paused";
  const order = (kind: "pause" | "resume" | "run") => change.mutate({ worker: worker.worker, change: kind });
  // A worker that waits for its turn is not on its way: a bar would come and go with every entry of the log.
  const isOnItsWay = (left ?? 0) > 0 && state.name !== "idle";
  return (
    <li className="border-t border-line px-4 py-2.5">
      <div className="flex items-start gap-4">
        <Standing worker={worker} isOnItsWay={isOnItsWay} />
        <div className="flex shrink-0 gap-1">
          <IconButton
            label={`Set the rate of ${worker.worker}`}
            icon={Gauge}
            onClick={() => setRating(!isRating)}
          />
          <IconButton
            label={`Run ${worker.worker} on everything now`}
            icon={RotateCw}
            onClick={() => order("run")}
          />
          <IconButton
            label={isPaused ? `Resume ${worker.worker}` : `Pause ${worker.worker}`}
            icon={isPaused ? Play : Pause}
            isBusy={change.isPending}
            onClick={() => order(isPaused ? "resume" : "pause")}
          />
        </div>
      </div>
      {isOnItsWay && <Progress done={done} left={left ?? 0} />}
      {state.why && <p className="mt-1 text-xs text-danger">{state.why}</p>}
      {change.isError && (
        <p className="mt-1 text-xs text-danger" role="alert">
          {explain(change.error)}
        </p>
      )}
      {isRating && <Rate worker={worker} onDone={() => setRating(false)} />}
    </li>
  );
}

/** How a worker stands: its state, what is left at which pace, what it is for and what it did last. */
function Standing({ worker, isOnItsWay }: { worker: Worker; isOnItsWay: boolean }) {
  const { state, left, done, pace, unit, last } = worker;
  return (
    <div className="min-w-0 flex-1">
      <p className="flex flex-wrap items-center gap-x-3 text-table tabular-nums">
        <span className="min-w-17 text-sm font-medium">{worker.worker}</span>
        <State tone={TONES[state.name] ?? "none"} className="min-w-19">
          {state.name}
        </State>
        <Lasting since={worker.since} className="min-w-17 text-xs text-muted" />
        <span>
          {left != null && left > 0
            ? `${amount(left, unit)} left${isOnItsWay && pace > 0 ? `, about ${duration(left / pace)}` : ""}`
            : left === 0
              ? "Nothing left"
              : `${amount(done, unit)} since the start`}
        </span>
        <span className="text-muted">
          {pace > 0 ? `${pace < 0.5 ? "less than one a second" : `${amount(pace, unit)}/s`}, ` : ""}
          {worker.rate ? `at most ${amount(worker.rate, unit)}/s` : "no limit"}
        </span>
      </p>
      <p className="text-table break-words text-muted">
        {sentence(worker.about)}
        {last && (
          <>
            {" "}
            {sentence(last.what).replace(/\.$/, "")} · <Ago time={last.at} />
          </>
        )}
      </p>
    </div>
  );
}

function Progress({ done, left }: { done: number; left: number }) {
  const share = done + left === 0 ? 0 : done / (done + left);
  return (
    <div
      role="progressbar"
      aria-label="Done since the start of the process"
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      className="mt-2 h-1 overflow-hidden rounded-full bg-hover"
    >
      <div className="h-full bg-accent" style={{ width: `${share * 100}%` }} />
    </div>
  );
}

function Rate({ worker, onDone }: { worker: Worker; onDone: () => void }) {
  const change = useChangeWorker();
  const [text, setText] = useState(worker.rate ? String(worker.rate) : "");
  const units = text.trim() === "" ? undefined : Number(text);
  const isWrong = units !== undefined && !(Number.isSafeInteger(units) && units > 0);
  return (
    <form
      className="mt-2 flex flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong) change.mutate({ worker: worker.worker, change: "rate", units }, { onSuccess: onDone });
      }}
    >
      <Input
        aria-label={`${worker.unit} a second`}
        aria-invalid={isWrong || undefined}
        inputMode="numeric"
        isMono
        className="!w-40"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <span className="text-table text-muted">{worker.unit} a second at most; empty for the default</span>
      <Button type="submit" look="primary" disabled={isWrong} isBusy={change.isPending}>
        Set rate
      </Button>
      {change.isError && (
        <span className="text-xs text-danger" role="alert">
          {explain(change.error)}
        </span>
      )}
    </form>
  );
}
