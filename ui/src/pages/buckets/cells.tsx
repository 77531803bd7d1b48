import { useQuery } from "@tanstack/react-query";
import { type Bucket, WARNING_SHARE } from "@/data/buckets";
import { fromBeginning, growthQuery } from "@/data/growth";
import { traitsQuery } from "@/data/traits";
import { Tag } from "@/parts/badge";
import { Sparkline } from "@/parts/chart/sparkline";
import { cx } from "@/parts/class";
import { bytes, count, exactBytes, percent, plural } from "@/parts/format";

/** How much of its quota a bucket uses. */
export function QuotaCell({ bucket }: { bucket: Bucket }) {
  const { quota, usage } = bucket;
  const limits = [
    quota.bytes ? { used: usage.bytes, of: quota.bytes, says: bytes(quota.bytes) } : undefined,
    quota.objects
      ? { used: usage.objects, of: quota.objects, says: plural(quota.objects, "version") }
      : undefined,
  ].filter((limit) => limit !== undefined);
  const nearest = limits.toSorted((a, b) => b.used / b.of - a.used / a.of)[0];
  if (nearest === undefined) return <span className="text-faint">none</span>;
  const share = nearest.used / nearest.of;
  return (
    <span
      className="flex items-center gap-2"
      title={`${percent(nearest.used, nearest.of)} of ${nearest.says}`}
    >
      <span className="h-1.5 w-10 shrink-0 overflow-hidden rounded-full bg-hover" aria-hidden>
        <span
          className={cx(
            "block h-full",
            share >= 1 ? "bg-danger" : share >= WARNING_SHARE ? "bg-warning" : "bg-muted",
          )}
          style={{ width: `${Math.min(100, share * 100)}%` }}
        />
      </span>
      <span
        className={cx(
          "tabular-nums",
          share >= WARNING_SHARE && "font-medium",
          share >= 1 ? "text-danger" : share >= WARNING_SHARE && "text-warning",
        )}
      >
        {percent(nearest.used, nearest.of)}
      </span>
      <span className="truncate text-xs text-muted">of {nearest.says}</span>
    </span>
  );
}

/** Versions, lock, replication and public access. */
export function TraitsCell({ bucket }: { bucket: string }) {
  const { data } = useQuery(traitsQuery(bucket));
  if (data === undefined) return null;
  return (
    <span className="flex gap-1 overflow-hidden">
      {data.versioning !== "off" && (
        <Tag>{data.versioning === "Enabled" ? "versions" : "versions suspended"}</Tag>
      )}
      {data.isLockable && <Tag>lock</Tag>}
      {data.isReplicated && <Tag>replicated</Tag>}
      {data.isPublic && <Tag className="!border-warning/60 !text-warning">public</Tag>}
    </span>
  );
}

/** The bytes of the last week. */
export function GrowthCell({ bucket: { name, created } }: { bucket: Bucket }) {
  const { data, isError } = useQuery({ ...growthQuery("7d", name), retry: false, meta: {} });
  if (isError) return <span className="text-xs text-faint">–</span>;
  if (data === undefined) return null;
  const values = fromBeginning(data.points, created).map(({ bytes }) => bytes);
  const [first, last] = [values.find((value) => value !== null) ?? 0, values.at(-1) ?? 0];
  return <Sparkline width={72} values={values} label={`From ${bytes(first)} to ${bytes(last)} in 7 days`} />;
}

export function BytesCell({ value }: { value: number }) {
  return <span title={exactBytes(value)}>{bytes(value)}</span>;
}

export function CountCell({ value }: { value: number }) {
  return <>{count(value)}</>;
}
