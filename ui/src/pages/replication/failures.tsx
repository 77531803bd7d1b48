import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitCompareArrows } from "lucide-react";
import { useState } from "react";
import { useFeed } from "@/data/feed";
import { sentence } from "@/data/http";
import {
  FAILED,
  type Failed,
  failedOf,
  failuresQuery,
  placeOf,
  type ReplicatedTo,
  type Way,
  wayId,
} from "@/data/replication";
import { Button } from "@/parts/button";
import { count, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { LINK, QUIET_LINK } from "@/parts/link";
import { Panel } from "@/parts/page";
import { Failure, SkeletonRows } from "@/parts/states";
import { Ago } from "@/parts/time";
import { groupsOf } from "./failure-groups";
import { Place } from "./place";

/** Versions that are listed at most. */
const SHOWN_MAX = 50;

/** What destinations refused for what it is, by destination. */
export function Failures({
  ways,
  onCompare,
}: {
  ways?: readonly ReplicatedTo[];
  onCompare?: (way: Way) => void;
}) {
  const [live, setLive] = useState<readonly Failed[]>([]);
  const before = useQuery(failuresQuery);
  useFeed(
    { source: "events", filter: { type: FAILED }, maxPerSecond: 10 },
    {
      onEvents: (events) =>
        setLive((shown) => [...events.toReversed().flatMap(failedOf), ...shown].slice(0, SHOWN_MAX)),
      onSkipped: () => void before.refetch(),
    },
  );
  const shown = joined(live, before.data ?? []);
  const known = new Set(ways?.map(wayId));
  return (
    <Panel
      title="Failed"
      isFlush
      aside={
        <Link to="/events" search={{ type: FAILED, after: 0 }} className={QUIET_LINK}>
          All of them
        </Link>
      }
    >
      {before.isPending && shown.length === 0 ? (
        <SkeletonRows rows={2} />
      ) : before.isError && shown.length === 0 ? (
        <Failure
          error={before.error}
          what="The failures could not be read."
          onRetry={() => void before.refetch()}
        />
      ) : shown.length === 0 ? (
        <p className="px-4 pb-4 text-table text-muted">
          No destination has refused a version lately. Whatever waits for a link, a region or a bucket is no
          failure: it is sent as soon as that is there.
        </p>
      ) : (
        <>
          <p className="px-4 pb-2 text-table text-muted">
            These versions were refused, the latest first, and are not tried again by themselves. Once the
            reason is gone, a comparison sends them. Versions that have been sent since are still listed.
          </p>
          {groupsOf(shown).map((group) => (
            <Group
              key={wayId(group)}
              group={group}
              onCompare={known.has(wayId(group)) ? onCompare : undefined}
            />
          ))}
        </>
      )}
    </Panel>
  );
}

function joined(live: readonly Failed[], before: readonly Failed[]): Failed[] {
  const first = live.at(-1)?.sequence ?? Number.POSITIVE_INFINITY;
  return [...live, ...before.filter(({ sequence }) => sequence < first)].slice(0, SHOWN_MAX);
}

function Group({
  group,
  onCompare,
}: {
  group: Way & { readonly failed: readonly Failed[] };
  onCompare?: (way: Way) => void;
}) {
  const { bucket, destination, failed } = group;
  const place = placeOf(destination);
  return (
    <section aria-label={`Failed from ${bucket} to ${place}`} className="border-t border-line">
      <header className="flex min-h-11 items-center gap-3 px-4 py-1.5 text-table">
        <h3 className="min-w-0 truncate">
          <span className="name font-medium">{bucket}</span> to <Place destination={destination} />
        </h3>
        <span className="whitespace-nowrap text-muted">{plural(failed.length, "version")}</span>
        {onCompare && (
          <Button
            isSmall
            icon={GitCompareArrows}
            className="ml-auto"
            aria-label={`Compare again: ${bucket} with ${place}, after failures`}
            onClick={() => onCompare({ bucket, destination })}
          >
            Compare again
          </Button>
        )}
      </header>
      <ol>
        {failed.map((version) => (
          <FailedLine key={`${version.sequence} ${version.key} ${version.versionId}`} version={version} />
        ))}
      </ol>
    </section>
  );
}

function FailedLine({ version: { bucket, key, versionId, sequence, time, reason } }: { version: Failed }) {
  const prefix = key.slice(0, key.lastIndexOf("/") + 1) || undefined;
  return (
    <li className="arrives border-t border-line px-4 py-1.5 text-table">
      <span className="flex items-center gap-3">
        <Link
          to="/buckets/$bucket"
          params={{ bucket }}
          search={{ prefix, key, version: versionId }}
          className="name min-w-0 truncate hover:underline"
          title={visible(key)}
        >
          <KeyText name={key} />
        </Link>
        <span className="ml-auto flex shrink-0 items-center gap-3 text-xs text-muted">
          <Ago time={time} />
          <Link
            to="."
            search={(before: object) => ({ ...before, event: sequence })}
            className={`mono ${LINK}`}
          >
            #{count(sequence)}
          </Link>
        </span>
      </span>
      <p className="text-xs break-words text-danger">{visible(sentence(reason))}</p>
    </li>
  );
}
