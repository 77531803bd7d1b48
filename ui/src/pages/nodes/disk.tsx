import { cx } from "@/parts/class";
import { bytes, percent } from "@/parts/format";

/** From this share on, a disk is nearly full. */
const NEAR = 0.9;

/** How full a disk is. */
export function Disk({ free, total }: { free: number; total: number }) {
  const used = total - free;
  const share = total > 0 ? used / total : 0;
  return (
    <span className="flex items-center gap-2" title={`${bytes(free)} of ${bytes(total)} are free`}>
      <span className="h-1.5 w-12 shrink-0 overflow-hidden rounded-full bg-hover" aria-hidden>
        <span
          className={cx("block h-full", share >= NEAR ? "bg-warning" : "bg-muted")}
          style={{ width: `${share * 100}%` }}
        />
      </span>
      <span className="w-9 text-right tabular-nums">{percent(used, total)}</span>
      <span className="truncate text-xs text-muted">{bytes(free)} free</span>
    </span>
  );
}
