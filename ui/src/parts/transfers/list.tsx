import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Pause, Play, Replace, RotateCw, X } from "lucide-react";
import { useRef } from "react";
import { sequenceOf } from "@/data/event";
import { transfers as queue, sentOf, type Transfer } from "@/data/transfers";
import { State } from "../badge";
import { IconButton } from "../button";
import { bytes, count, percent, visible } from "../format";
import { KeyText } from "../key-text";
import { QUIET_LINK } from "../link";

const ROW_PX = 36;
/** The height of the list at most, in rows. */
const ROWS_SHOWN = 5;

/** The files, one a row; only those in view are in the page. */
export function TransferList({ transfers }: { transfers: readonly Transfer[]; version: number }) {
  const place = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: transfers.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: 4,
    getItemKey: (index) => transfers[index]?.id ?? index,
  });
  return (
    <div
      ref={place}
      className="overflow-y-auto border-t border-line"
      style={{ height: Math.min(transfers.length, ROWS_SHOWN) * ROW_PX }}
    >
      <ul className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const transfer = transfers[index];
          return transfer === undefined ? null : (
            <li
              key={key}
              className="absolute top-0 left-0 flex w-full items-center gap-3 border-b border-line px-4 text-table lg:px-6"
              style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
            >
              <Row transfer={transfer} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Row({ transfer }: { transfer: Transfer }) {
  const { target, body } = transfer;
  const sent = sentOf(transfer);
  const share = body.size === 0 ? (transfer.phase === "done" ? 1 : 0) : sent / body.size;
  return (
    <>
      <span className="min-w-0 flex-1 truncate" title={visible(`${target.bucket}/${target.key}`)}>
        <span className="name text-muted max-md:hidden">{target.bucket}/</span>
        <span className="name">
          <KeyText name={target.key} />
        </span>
      </span>
      <span
        role="progressbar"
        aria-label={visible(target.key)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        className="h-1 w-24 shrink-0 overflow-hidden rounded-full bg-hover max-sm:hidden"
      >
        <span className="block h-full bg-accent" style={{ width: `${share * 100}%` }} />
      </span>
      <span className="w-28 shrink-0 text-right text-xs text-muted tabular-nums max-md:hidden">
        {transfer.phase === "done" ? bytes(body.size) : `${percent(sent, body.size)} of ${bytes(body.size)}`}
      </span>
      <span
        className="w-56 min-w-0 shrink-0 truncate max-lg:w-40"
        title={transfer.reason && visible(transfer.reason)}
      >
        <Says transfer={transfer} />
      </span>
      <span className="flex w-16 shrink-0 justify-end">
        <Controls transfer={transfer} />
      </span>
    </>
  );
}

function Says({ transfer }: { transfer: Transfer }) {
  const { phase, reason, event } = transfer;
  switch (phase) {
    case "done":
      return (
        <span className="flex items-center gap-2">
          <State tone="ok">Uploaded</State>
          {event && (
            <Link
              to="."
              search={(before: object) => ({ ...before, event: sequenceOf(event) })}
              className={`font-mono text-xs text-muted ${QUIET_LINK}`}
            >
              #{count(sequenceOf(event))}
            </Link>
          )}
        </span>
      );
    case "failed":
      return <State tone="danger">{reason === undefined ? "Failed" : visible(reason)}</State>;
    case "conflict":
      return <State tone="notice">Exists. Replace it?</State>;
    case "paused":
      return <State tone="none">Paused</State>;
    default:
      return (
        <span className="text-muted">
          {(reason && visible(reason)) ?? (phase === "running" ? "Sending" : "Waiting")}
        </span>
      );
  }
}

function Controls({ transfer }: { transfer: Transfer }) {
  const { phase } = transfer;
  const name = transfer.target.key;
  return (
    <>
      {(phase === "waiting" || phase === "running") && (
        <IconButton label={`Pause ${name}`} icon={Pause} onClick={() => queue.pause(transfer)} />
      )}
      {phase === "paused" && (
        <IconButton label={`Go on with ${name}`} icon={Play} onClick={() => queue.resume(transfer)} />
      )}
      {phase === "failed" && (
        <IconButton label={`Try ${name} again`} icon={RotateCw} onClick={() => queue.resume(transfer)} />
      )}
      {phase === "conflict" && (
        <IconButton label={`Replace ${name}`} icon={Replace} onClick={() => queue.replace(transfer)} />
      )}
      <IconButton
        label={phase === "done" ? `Dismiss ${name}` : `Cancel ${name}`}
        icon={X}
        onClick={() => queue.remove(transfer)}
      />
    </>
  );
}
