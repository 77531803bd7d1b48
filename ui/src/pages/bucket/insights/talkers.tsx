import type { Insights } from "@/data/insights";
import { bytes, count, exactTime } from "@/parts/format";
import { Panel } from "@/parts/page";

/** Who uses the bucket most. */
export function Talkers({ talkers }: { talkers: Insights["talkers"] }) {
  return (
    <Panel title="Most active users" isFlush>
      {talkers.length === 0 ? (
        <p className="px-4 pb-4 text-table text-muted">Nobody has written or read anything here yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        <div className="overflow-x-auto" tabIndex={0}>
          <table className="w-full text-table tabular-nums">
            <thead>
              <tr className="border-t border-line text-right text-xs text-muted">
                <th scope="col" className="px-4 py-1.5 text-left font-medium">
                  Person
                </th>
                <th scope="col" className="px-2 font-medium">
                  Writes
                </th>
                <th scope="col" className="px-2 font-medium">
                  In
                </th>
                <th scope="col" className="px-2 font-medium">
                  Reads
                </th>
                <th scope="col" className="px-4 font-medium">
                  Out
                </th>
              </tr>
            </thead>
            <tbody>
              {talkers.map((talker) => (
                <tr key={talker.user} className="h-9 border-t border-line text-right" title={since(talker)}>
                  <th scope="row" className="max-w-48 truncate px-4 text-left font-normal">
                    {talker.user}
                  </th>
                  <td className="px-2">{count(talker.writes)}</td>
                  <td className="px-2 text-muted">{bytes(talker.bytes_in)}</td>
                  <td className="px-2">{known(talker.reads, count)}</td>
                  <td className="px-4 text-muted">{known(talker.bytes_out, bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

/** Writes are on the log, and reads are counted by who answered them: each since its own time. */
function since({ since: writes, reads_since: reads }: Insights["talkers"][number]): string {
  const counted = `Writes counted since ${exactTime(writes)}`;
  return reads ? `${counted}, reads since ${exactTime(reads)}` : counted;
}

/** A figure that is not known is no zero. */
function known(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}
