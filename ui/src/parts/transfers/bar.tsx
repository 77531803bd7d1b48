import { ChevronDown, ChevronUp, Pause, Play, X } from "lucide-react";
import { useCallback, useState } from "react";
import { totalsOf, transfers, useTransfers } from "@/data/transfers";
import { State } from "../badge";
import { IconButton } from "../button";
import { bytes, count, duration, plural } from "../format";
import { useNow } from "../time";
import { TransferList } from "./list";

/** The uploads of this tab, below every page as long as there are any. */
export function TransfersBar() {
  const queue = useTransfers();
  const [isOpen, setOpen] = useState(true);
  const held = useNow((now) => Math.max(0, Math.ceil((queue.heldUntil - now) / 1_000)));
  const measure = useMeasured();
  if (queue.transfers.length === 0) return null;
  const totals = totalsOf(queue.transfers, queue.coming);
  const rate = queue.rate.perSecond(Date.now());
  const isActive = totals.waiting > 0 || totals.coming > 0;
  const isCounting = totals.coming > 0;
  const isMeasured = isActive && held === 0 && rate > 0;
  const hasStopped = totals.paused + totals.failed > 0;
  return (
    <section ref={measure} aria-label="Transfers" className="shrink-0 border-t border-line-strong bg-surface">
      <div className="h-0.5 bg-hover" aria-hidden>
        <div className="h-full bg-accent" style={{ width: `${totals.share * 100}%` }} />
      </div>
      <header className="flex h-10 items-center gap-3 px-4 text-table lg:px-6">
        <p className="min-w-0 truncate tabular-nums">
          <span className="font-medium">
            {isActive ? "Uploading" : totals.done === totals.files ? "Uploaded" : "Transfers"}
          </span>{" "}
          {count(totals.done)} of {plural(totals.files, "file")}
          <span className="text-muted">
            {" · "}
            {/* The sizes of many files come a hundred at a time: until the last, nobody knows how long it takes. */}
            {bytes(totals.sent)} of {isCounting && "at least "}
            {bytes(totals.bytes)}
            {isMeasured && ` · ${bytes(rate)}/s`}
            {isMeasured && !isCounting && ` · ${duration((totals.bytes - totals.sent) / rate)} left`}
          </span>
        </p>
        {isActive && held > 0 && (
          <State tone="warning">The store does not answer. Next try in {held} s.</State>
        )}
        {totals.failed > 0 && <State tone="danger">{count(totals.failed)} failed</State>}
        {totals.conflicts > 0 && <State tone="notice">{plural(totals.conflicts, "question")}</State>}
        <div className="ml-auto flex items-center">
          {isActive && <IconButton label="Pause all" icon={Pause} onClick={() => transfers.pauseAll()} />}
          {hasStopped && (
            <IconButton label="Go on with all" icon={Play} onClick={() => transfers.resumeAll()} />
          )}
          {totals.done > 0 && (
            <IconButton
              label={isActive || hasStopped ? "Clear what is done" : "Close the transfers"}
              icon={X}
              onClick={() => transfers.clearDone()}
            />
          )}
          <IconButton
            label={isOpen ? "Hide the files" : "Show the files"}
            icon={isOpen ? ChevronDown : ChevronUp}
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          />
        </div>
      </header>
      {isOpen && <TransferList transfers={queue.transfers} version={queue.version} />}
    </section>
  );
}

/** Toasts stand above the transfers, and leave their controls free. */
function useMeasured() {
  return useCallback((section: HTMLElement | null) => {
    const { style } = document.documentElement;
    if (section === null) return;
    const observer = new ResizeObserver(() =>
      style.setProperty("--transfers-height", `${section.offsetHeight}px`),
    );
    observer.observe(section);
    return () => {
      observer.disconnect();
      style.removeProperty("--transfers-height");
    };
  }, []);
}
