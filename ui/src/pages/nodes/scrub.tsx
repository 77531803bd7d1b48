import { useQuery } from "@tanstack/react-query";
import { Pause, Play, ScanSearch } from "lucide-react";
import { type NodeScrub, scrubsQuery, useScrub } from "@/data/nodes";
import { Button } from "@/parts/button";
import { bytes, percent, plural } from "@/parts/format";
import { Facts } from "@/parts/page";
import { explain, Skeleton } from "@/parts/states";
import { Ago } from "@/parts/time";

/** How a node reads all of its shards to find damage. */
export function Scrub({ node }: { node: string }) {
  const { data } = useQuery(scrubsQuery);
  const change = useScrub();
  const found = data?.find((each) => each.node === node);
  if (data === undefined) return <Skeleton className="h-32" />;
  if (found === undefined) return null;
  const isPaused = found.scrub?.state === "paused";
  return (
    <section aria-label="Scrub">
      <div className="mb-2 flex items-center justify-between">
        <h3 className="text-xs font-medium text-muted">Scrub</h3>
        <span className="flex gap-2">
          {isPaused ? (
            <Button isSmall icon={Play} onClick={() => change.mutate({ change: "resume", node })}>
              Resume
            </Button>
          ) : (
            <Button isSmall icon={Pause} onClick={() => change.mutate({ change: "pause", node })}>
              Pause
            </Button>
          )}
          <Button isSmall icon={ScanSearch} onClick={() => change.mutate({ change: "start", node })}>
            Scrub now
          </Button>
        </span>
      </div>
      {found.failure ? <p className="text-table text-danger">{found.failure}</p> : <Report found={found} />}
      {change.isError && (
        <p className="mt-1 text-xs text-danger" role="alert">
          {explain(change.error)}
        </p>
      )}
    </section>
  );
}

function Report({ found: { scrub } }: { found: NodeScrub }) {
  if (scrub === undefined) return null;
  const { pass, last } = scrub;
  return (
    <Facts
      facts={[
        ["State", scrub.state],
        [
          "This pass",
          pass
            ? `${percent(pass.bytes, scrub.bytes)} of ${bytes(scrub.bytes)}, at most ${bytes(scrub.bytes_per_second)}/s`
            : "none under way",
        ],
        [
          "Last pass",
          last ? (
            <span key="last">
              {plural(last.shards, "shard")}, {plural(last.damaged, "damaged shard")},{" "}
              <Ago time={last.ended ?? last.begun} />
            </span>
          ) : (
            "none yet"
          ),
        ],
        ["Damaged", `${plural(scrub.damaged, "shard")} not replaced yet`],
      ]}
    />
  );
}
