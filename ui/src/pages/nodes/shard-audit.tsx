import { ScanSearch, X } from "lucide-react";
import { useState } from "react";
import { Refused, Unreachable } from "@/data/http";
import { type Counted, useShardAudit } from "@/data/shard-audit";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Checkbox } from "@/parts/field";
import { count, duration, plural } from "@/parts/format";
import { Facts, Panel } from "@/parts/page";
import { explain } from "@/parts/states";

/** Asks all nodes what they hold, and compares it with what the log names. */
export function ShardAuditPanel() {
  const { audit, begin, end } = useShardAudit();
  const [isDeep, setDeep] = useState(false);
  const { progress, counted, error, isRunning } = audit;
  return (
    <Panel
      title="Count of all shards"
      aside={
        isRunning ? (
          <Button isSmall icon={X} onClick={end}>
            Stop counting
          </Button>
        ) : (
          <>
            <Checkbox label="Read every bit" isChecked={isDeep} onChange={setDeep} />
            <Button isSmall icon={ScanSearch} onClick={() => begin(isDeep)}>
              Count now
            </Button>
          </>
        )
      }
    >
      {isRunning ? (
        <p className="text-table text-muted" role="status">
          {progress && progress.of > 0
            ? `${count(progress.contents)} of ${plural(progress.of, "content")} counted`
            : "Asking the nodes"}
        </p>
      ) : error !== undefined ? (
        <p className="text-table text-danger" role="alert">
          {reason(error)}
        </p>
      ) : counted === undefined ? (
        <p className="text-table text-muted">
          Compares what every node holds with what the log names. What is missing or damaged is recorded, so
          that repair begins at once.
        </p>
      ) : (
        <Result counted={counted} />
      )}
    </Panel>
  );
}

function reason(error: unknown): string {
  const isOfStore = error instanceof Refused || error instanceof Unreachable;
  return error instanceof Error && !isOfStore ? error.message : explain(error);
}

function Result({ counted }: { counted: Counted }) {
  const { contents, short, endangered, unreadable, crowded, deep, seconds, sequence } = counted;
  return (
    <div className="flex flex-col gap-3">
      {short === 0 ? (
        <State tone="ok">All {plural(contents, "content")} have all of their shards</State>
      ) : (
        <State tone={unreadable > 0 ? "danger" : "warning"}>
          {plural(short, "content")} of {count(contents)} {short === 1 ? "lacks" : "lack"} a shard
        </State>
      )}
      <Facts
        facts={[
          ["Cannot be read now", plural(unreadable, "content")],
          ["Would not survive the loss of a node", plural(endangered, "content")],
          ["Two shards on a node", plural(crowded, "content")],
          [
            "Counted",
            `${deep ? "every bit" : "what nodes list"}, as of #${count(sequence)}, in ${duration(seconds)}`,
          ],
        ]}
      />
    </div>
  );
}
