import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitCompare, RotateCcw } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/data/change";
import { type Version, versionsQuery } from "@/data/s3/listing";
import { type At, deleteOne, restoreVersion } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { Tag } from "@/parts/badge";
import { Button, IconButton } from "@/parts/button";
import { cx } from "@/parts/class";
import { bytes } from "@/parts/format";
import { QUIET_LINK } from "@/parts/link";
import { explain, Notice, SkeletonRows } from "@/parts/states";
import { Ago } from "@/parts/time";
import { Compare } from "./compare";
import { Section } from "./section";

/** The versions of a key, newest first. */
export function VersionsSection({ at }: { at: At }) {
  const { bucket, key, versionId } = at;
  const query = useInfiniteQuery(versionsQuery(bucket, key));
  const versions = query.data?.pages.flatMap((page) => page.versions) ?? [];
  const [compared, setCompared] = useState<Version>();
  const latest = versions.find((version) => version.isLatest);
  const restore = useChange({
    // A version comes back by a copy of it, and what was deleted by the end of the mark that hides it.
    run: (version: Version) =>
      version.isMarker
        ? deleteOne({ bucket, key, versionId: version.id })
        : restoreVersion({ bucket, key, versionId: version.id }),
    done: () => `Restored ${key}.`,
    nouns: ["object", "bucket"],
  });
  return (
    <Section title="Versions">
      {query.isPending && <SkeletonRows rows={3} />}
      {query.isError && <Notice tone="danger">{explain(query.error)}</Notice>}
      {restore.isError && <Notice tone="danger">{explain(restore.error)}</Notice>}
      <ol className="-mx-4">
        {versions.map((version) => {
          const isShown = version.isMarker
            ? false
            : versionId === undefined
              ? version.isLatest
              : version.id === versionId;
          const canRestore = version.isMarker ? version.isLatest : !version.isLatest;
          return (
            <li
              key={version.id}
              aria-current={isShown || undefined}
              className={cx(
                "flex min-h-9 items-center gap-2 border-t border-line px-4 text-table",
                isShown && "bg-selected",
              )}
            >
              <VersionName version={version} />
              {version.isLatest && <Tag>current</Tag>}
              <span className="ml-auto text-xs whitespace-nowrap text-muted tabular-nums">
                {version.isMarker ? "" : `${bytes(version.size)} · `}
                <Ago time={version.modified} />
              </span>
              <span className="flex w-16 shrink-0 justify-end">
                {!version.isMarker && !version.isLatest && latest && !latest.isMarker && (
                  <IconButton
                    label="Compare with the current version"
                    icon={GitCompare}
                    onClick={() => setCompared(compared?.id === version.id ? undefined : version)}
                  />
                )}
                {canRestore && (
                  <IconButton
                    label={version.isMarker ? "Restore the deleted object" : "Restore this version"}
                    icon={RotateCcw}
                    isBusy={restore.isPending}
                    onClick={() => restore.mutate(version, { onSuccess: () => void refreshBucket(bucket) })}
                  />
                )}
              </span>
            </li>
          );
        })}
      </ol>
      {compared && latest && <Compare bucket={bucket} objectKey={key} older={compared} newer={latest} />}
      {query.hasNextPage && (
        <Button
          isSmall
          className="mt-2"
          isBusy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show more versions
        </Button>
      )}
    </Section>
  );
}

function VersionName({ version }: { version: Version }) {
  if (version.isMarker) return <span className="text-muted italic">deleted</span>;
  return (
    <Link
      to="."
      search={(before: object) => ({ ...before, version: version.isLatest ? undefined : version.id })}
      className={`mono min-w-0 truncate text-xs ${QUIET_LINK}`}
      title={version.id}
    >
      {version.id}
    </Link>
  );
}
