import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { sealQuery } from "@/data/audit";
import { usePosition } from "@/data/feed";
import { State } from "@/parts/badge";
import { count, plural } from "@/parts/format";
import { LINK } from "@/parts/link";
import { explain } from "@/parts/states";
import { Ago } from "@/parts/time";

/** How far the log is signed: what a checkpoint covers cannot be changed unseen. */
export function SealState() {
  const { data, isPending, error } = useQuery(sealQuery);
  const position = usePosition();
  if (isPending) return <State tone="none">Looking for checkpoints</State>;
  if (data === undefined)
    return <State tone="none">Not known how far the log is signed: {explain(error)}</State>;
  const { covered, last } = data;
  if (covered === 0) return <State tone="notice">No checkpoint signs the log yet</State>;
  const open = Math.max(0, position - covered);
  return (
    <span className="flex overflow-hidden whitespace-nowrap items-center gap-x-3 gap-y-0.5">
      <State tone="ok">Signed up to #{count(covered)}</State>
      {last && (
        <span>
          by{" "}
          <Link
            to="."
            search={(before: object) => ({ ...before, event: last.sequence })}
            title={`The key ${last.key}`}
            className={LINK}
          >
            a checkpoint
          </Link>
          {", "}
          <Ago time={last.time} />
        </span>
      )}
      {open > 0 && <span className="max-lg:hidden">{plural(open, "newer event")} not signed yet</span>}
    </span>
  );
}
