import { cx } from "./class";
import { bytes, percent } from "./format";

/** From this share on, a disk is nearly full. */
const NEAR = 0.9;

interface Room {
  readonly free: number;
  readonly total: number;
}

/** How full a disk is, in a line: a bar, its share, and what is free. */
export function Disk(room: Room) {
  return (
    <span className="flex items-center gap-2" title={freeOf(room)}>
      <DiskBar {...room} className="h-1.5 w-12 shrink-0" />
      <DiskShare {...room} className="w-9 text-right" />
      <span className="truncate text-xs text-muted">{bytes(room.free)} free</span>
    </span>
  );
}

/** The bar alone. What it says stands beside it as a number. */
export function DiskBar({ className, ...room }: Room & { className: string }) {
  const share = shareOf(room);
  return (
    <span className={cx("overflow-hidden rounded-full bg-hover", className)} aria-hidden>
      <span
        className={cx("block h-full", share >= NEAR ? "bg-warning" : "bg-muted")}
        style={{ width: `${share * 100}%` }}
      />
    </span>
  );
}

/** The share that is used: in bold from where on it is a warning, for those who do not see its colour. */
export function DiskShare({ className, ...room }: Room & { className?: string }) {
  return (
    <span className={cx("tabular-nums", shareOf(room) >= NEAR && "font-medium text-warning", className)}>
      {percent(room.total - room.free, room.total)}
    </span>
  );
}

/** What is free, in words. */
export function freeOf({ free, total }: Room): string {
  return `${bytes(free)} of ${bytes(total)} are free`;
}

function shareOf({ free, total }: Room): number {
  return total > 0 ? (total - free) / total : 0;
}
