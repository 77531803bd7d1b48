import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Insights, PrefixShare } from "@/data/insights";
import { IconButton } from "@/parts/button";
import { bytes, count, exactBytes, percent, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { Panel } from "@/parts/page";

/** Where the bytes are: the largest prefixes, and those below them. */
export function Prefixes({ bucket, insights }: { bucket: string; insights: Insights }) {
  const { prefixes, others } = insights;
  const total = prefixes.reduce((sum, each) => sum + each.bytes, others?.bytes ?? 0);
  const most = Math.max(1, ...prefixes.map((each) => each.bytes));
  return (
    <Panel title="By prefix" aside="current objects, the largest first" isFlush>
      {prefixes.length === 0 && <p className="px-4 pb-4 text-table text-muted">The bucket has no objects.</p>}
      <ul>
        {prefixes.map((share) => (
          <Share key={share.prefix} bucket={bucket} share={share} most={most} total={total} />
        ))}
      </ul>
      {others && others.prefixes > 0 && (
        <p className="border-t border-line px-4 py-2 text-table text-muted">
          {plural(others.prefixes, "smaller prefix", "smaller prefixes")}: {bytes(others.bytes)} in{" "}
          {plural(others.objects, "object")}.
        </p>
      )}
    </Panel>
  );
}

interface ShareProps {
  readonly bucket: string;
  readonly share: Pick<PrefixShare, "prefix" | "objects" | "bytes"> & Partial<Pick<PrefixShare, "prefixes">>;
  readonly most: number;
  readonly total: number;
  readonly isInner?: boolean;
}

function Share({ bucket, share, most, total, isInner }: ShareProps) {
  const [isOpen, setOpen] = useState(false);
  const inner = share.prefixes ?? [];
  return (
    <li className="border-t border-line">
      <div className="grid h-9 grid-cols-[1.75rem_minmax(0,1fr)_5rem_auto] items-center gap-2 pr-4 pl-2 text-table">
        {inner.length > 0 ? (
          <IconButton
            label={`${isOpen ? "Hide" : "Show"} what is below ${share.prefix}`}
            icon={isOpen ? ChevronDown : ChevronRight}
            className="!size-7"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          />
        ) : (
          <span />
        )}
        <Link
          to="/buckets/$bucket"
          params={{ bucket }}
          search={{ prefix: share.prefix || undefined }}
          className={`truncate hover:underline ${isInner ? "pl-4" : ""}`}
          title={visible(share.prefix)}
        >
          {share.prefix === "" ? (
            <span className="text-muted">keys without a folder</span>
          ) : (
            <span className="name">
              <KeyText name={share.prefix} />
            </span>
          )}
        </Link>
        <span className="h-1.5 overflow-hidden rounded-full bg-hover" aria-hidden>
          <span className="block h-full bg-accent" style={{ width: `${(share.bytes / most) * 100}%` }} />
        </span>
        <span className="w-52 text-right text-xs whitespace-nowrap text-muted tabular-nums max-sm:w-24">
          <span className="text-table text-text" title={exactBytes(share.bytes)}>
            {bytes(share.bytes)}
          </span>
          <span className="max-sm:hidden">
            {" "}
            · {percent(share.bytes, total)} · {count(share.objects)}
          </span>
        </span>
      </div>
      {isOpen && (
        <ul>
          {inner.map((each) => (
            <Share key={each.prefix} bucket={bucket} share={each} most={most} total={total} isInner />
          ))}
        </ul>
      )}
    </li>
  );
}
