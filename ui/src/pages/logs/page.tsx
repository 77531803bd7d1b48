import { useQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { useEffect, useState } from "react";
import { useFeed } from "@/data/feed";
import { isNotServed, type LogLine, lineOf, linesQuery } from "@/data/logs";
import { Page } from "@/parts/page";
import { Empty, Failure, Notice, SkeletonRows } from "@/parts/states";
import { Controls } from "./controls";
import { Lines } from "./lines";
import { logsRoute } from "./route";

/** Lines that are kept: older ones make way. */
const KEPT = 1_000;

export default function LogsPage() {
  const { of = "lines", level = "info", role, text } = logsRoute.useSearch();
  const filter = { level, role, text };
  const { data, isPending, error, errorUpdatedAt, refetch } = useQuery(linesQuery(of, filter));
  const [live, setLive] = useState<LogLine[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [refused, setRefused] = useState<string>();
  const key = JSON.stringify([of, level, role, text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what came for another filter is forgotten.
  useEffect(() => {
    setLive([]);
    setRefused(undefined);
  }, [key]);
  // A store that serves no lines is not asked to follow them.
  const isFollowed = of === "lines" && data !== undefined && !isPaused;
  useFeed(isFollowed ? { source: "logs", filter } : undefined, {
    onData: (came) => {
      const lines = came.map(lineOf).filter((line) => line !== undefined);
      setLive((before) => [...lines.reverse(), ...before].slice(0, KEPT));
    },
    onRefused: (_, message) => setRefused(message),
  });
  const lines = [...live, ...(data ?? [])].slice(0, KEPT);
  const isMissing = isNotServed(error);
  return (
    <Page
      title="Logs"
      isFull
      about="Log lines of the processes of the store"
      actions={
        !isMissing && (
          <Controls
            search={{ of, level, role, text }}
            isPaused={isPaused}
            onPause={() => setPaused(!isPaused)}
          />
        )
      }
    >
      {refused && (
        <div className="px-4 pb-2 lg:px-6">
          <Notice tone="warning">New lines do not come by themselves: {refused}</Notice>
        </div>
      )}
      {isPending ? (
        <SkeletonRows rows={16} height={28} />
      ) : isMissing ? (
        <Empty icon={ScrollText} title="This store does not serve its log lines">
          Its processes write them to standard error. Look at the logs of your service manager.
        </Empty>
      ) : data === undefined ? (
        <Failure
          error={error}
          what="The log lines could not be loaded."
          since={errorUpdatedAt}
          onRetry={() => void refetch()}
        />
      ) : lines.length === 0 ? (
        <Empty icon={ScrollText} title={of === "errors" ? "There are no errors" : "No line matches"}>
          Lines appear here as soon as a process writes them.
        </Empty>
      ) : (
        <Lines lines={lines} />
      )}
    </Page>
  );
}
