import { useQuery } from "@tanstack/react-query";
import { errorsQuery, type LogLine } from "@/data/logs";
import { explain } from "@/parts/states";
import { Ago } from "@/parts/time";

/** Lines that are shown of a node. */
const SHOWN = 20;

function isAbout(line: LogLine, node: string): boolean {
  return Object.values(line.fields ?? {}).some((value) => value === node) || line.message.includes(node);
}

/** The errors that name a node, as its processes logged them. */
export function NodeErrors({ node }: { node: string }) {
  const { data, isError, error } = useQuery(errorsQuery);
  const lines = data?.filter((line) => isAbout(line, node)).slice(0, SHOWN);
  return (
    <section aria-label="Errors">
      <h3 className="mb-1 text-xs font-medium text-muted">Errors</h3>
      {!isError && lines === undefined && <p className="text-table text-muted">…</p>}
      {isError && <p className="text-table text-muted">{explain(error)}</p>}
      {lines?.length === 0 && <p className="text-table text-muted">No error names this node.</p>}
      <ol>
        {lines?.map((line) => (
          <li key={`${line.time} ${line.message}`} className="border-t border-line py-1.5 text-xs">
            <span className="text-danger">{line.level}</span> <Ago time={line.time} className="text-muted" />
            <p className="mono break-words">{line.message}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
