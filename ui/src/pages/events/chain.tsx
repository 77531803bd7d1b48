import { useQuery } from "@tanstack/react-query";
import { type LogEvent, sequenceOf } from "@/data/event";
import { eventQuery } from "@/data/events";
import { proofQuery } from "@/data/proof";
import { State } from "@/parts/badge";
import { Code, CopyButton } from "@/parts/copy";
import { count } from "@/parts/format";
import { Facts } from "@/parts/page";
import { explain } from "@/parts/states";

/** How an event hangs together with the log: the hashes of the chain, and the checkpoint that covers it. */
export function Chain({ event }: { event: LogEvent }) {
  const sequence = sequenceOf(event);
  const next = useQuery({ ...eventQuery(sequence + 1), retry: false });
  const proof = useQuery(proofQuery(sequence));
  return (
    <div className="flex flex-col gap-4 p-4 text-table">
      <p className="text-muted">
        Each event has the SHA-256 of the one before it. A change to an event breaks the chain after it.
      </p>
      <Hash
        title={`Hash of #${count(sequence - 1)} in this event`}
        hash={event.previoushash}
        none="It is the first of the log."
      />
      <Hash
        title={`Hash of this event in #${count(sequence + 1)}`}
        hash={next.data?.previoushash}
        none={next.isPending ? "…" : "There is no next event yet, or you have no right to see it."}
      />
      <div className="flex flex-col gap-2">
        <h2 className="text-xs font-medium text-muted">Checkpoint</h2>
        {proof.isPending && <State tone="none">Looking for a checkpoint</State>}
        {proof.isError && <p className="text-muted">{explain(proof.error)}</p>}
        {proof.data && (
          <>
            <State tone="ok">A signed checkpoint covers this event</State>
            <Facts
              facts={[
                ["Covers", `#${count(proof.data.checkpoint.first)} to #${count(proof.data.checkpoint.last)}`],
                [
                  "Signed by",
                  <span key="key" className="name !whitespace-pre-wrap break-all">
                    {proof.data.checkpoint.key}
                  </span>,
                ],
              ]}
            />
            <Code label="The proof, which anyone can verify">{JSON.stringify(proof.data, null, 2)}</Code>
          </>
        )}
      </div>
    </div>
  );
}

function Hash({ title, hash, none }: { title: string; hash?: string; none: string }) {
  return (
    <div>
      <h2 className="text-xs font-medium text-muted">{title}</h2>
      {hash === undefined ? (
        <p className="text-muted">{none}</p>
      ) : (
        <p className="flex items-start gap-1">
          <span className="name !whitespace-pre-wrap break-all">{hash}</span>
          <CopyButton text={hash} className="!size-5 shrink-0" />
        </p>
      )}
    </div>
  );
}
