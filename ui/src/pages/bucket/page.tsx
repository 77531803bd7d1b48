import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useEffect } from "react";
import { bucketQuery } from "@/data/buckets";
import { traitsQuery } from "@/data/traits";
import { Tag } from "@/parts/badge";
import { CopyButton } from "@/parts/copy";
import { bytes, exactBytes, plural } from "@/parts/format";
import { LinkTabs } from "@/parts/tabs";
import { bucketRoute } from "./route";

export default function BucketPage() {
  const { bucket } = bucketRoute.useParams();
  const params = { bucket };
  useEffect(() => {
    document.title = `${bucket} · Planetstore`;
  }, [bucket]);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-2 lg:px-6">
        <Link to="/buckets" className="text-table text-muted hover:text-text hover:underline">
          Buckets
        </Link>
        <ChevronRight size={14} aria-hidden className="-mx-1.5 text-faint" />
        <h1 className="min-w-0 truncate font-mono text-lg font-semibold">{bucket}</h1>
        <CopyButton text={`s3://${bucket}`} label="Copy the address" className="-ml-2" />
        <About bucket={bucket} />
      </header>
      <LinkTabs
        label={`About ${bucket}`}
        tabs={[
          { title: "Objects", to: "/buckets/$bucket", params, isExact: true },
          { title: "Insights", to: "/buckets/$bucket/insights", params },
          { title: "Settings", to: "/buckets/$bucket/settings", params },
          { title: "Events", to: "/buckets/$bucket/events", params },
          { title: "Rewind", to: "/buckets/$bucket/rewind", params },
        ]}
      />
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
        <Outlet />
      </div>
    </div>
  );
}

/** What it holds and how it is set, as far as the reader may know it. */
function About({ bucket }: { bucket: string }) {
  const { data } = useQuery({ ...bucketQuery(bucket), retry: false });
  const { data: traits } = useQuery(traitsQuery(bucket));
  return (
    <div className="flex min-h-6 flex-wrap items-center gap-2 text-table text-muted tabular-nums">
      {data && (
        <span title={exactBytes(data.usage.bytes)}>
          {plural(data.usage.objects, "version")}, {bytes(data.usage.bytes)}
        </span>
      )}
      {traits?.versioning === "Enabled" && <Tag>versioned</Tag>}
      {traits?.isLockable && <Tag>lockable</Tag>}
      {traits?.isReplicated && <Tag>replicated</Tag>}
      {traits?.isPublic && <Tag className="!border-warning/60 !text-warning">public</Tag>}
    </div>
  );
}
