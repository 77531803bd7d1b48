import { useQuery } from "@tanstack/react-query";
import { type Target, targetsOfBucketQuery } from "@/data/targets";
import { State } from "@/parts/badge";
import { plural } from "@/parts/format";
import { Asked, Card } from "./card";

/** Where the events of this bucket go. */
export function NotificationsCard({ bucket }: { bucket: string }) {
  const query = useQuery(targetsOfBucketQuery(bucket));
  return (
    <Card
      id="notifications"
      title="Notifications of events"
      about="Targets that receive the events of this bucket, each at least once."
    >
      <Asked query={query}>
        {(targets) =>
          targets.length === 0 ? (
            <p className="text-muted">No target receives the events of this bucket.</p>
          ) : (
            <ul className="flex flex-col gap-2">
              {targets.map((target) => (
                <TargetLine key={target.name} target={target} />
              ))}
            </ul>
          )
        }
      </Asked>
    </Card>
  );
}

function TargetLine({ target }: { target: Target }) {
  const { name, kind, url, subject, enabled, lag, last_error: error, filter } = target;
  const types = filter?.types ?? [];
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="font-medium">{name}</span>
      <span className="mono min-w-0 truncate text-xs text-muted">
        {kind} {url ?? subject ?? ""}
      </span>
      <span className="text-table text-muted">{types.length === 0 ? "all events" : types.join(", ")}</span>
      <span className="ml-auto">
        {!enabled ? (
          <State tone="none">paused</State>
        ) : error ? (
          <State tone="danger">fails</State>
        ) : (
          <State tone="ok">{lag ? `${plural(lag, "event")} behind` : "up to date"}</State>
        )}
      </span>
    </li>
  );
}
