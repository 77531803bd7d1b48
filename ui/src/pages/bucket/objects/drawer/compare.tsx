import { useQuery } from "@tanstack/react-query";
import type { Version } from "@/data/s3/listing";
import { type Head, headQuery } from "@/data/s3/object";
import { cx } from "@/parts/class";
import { exactBytes, moment } from "@/parts/format";
import { explain, Notice, Skeleton } from "@/parts/states";

/** Two versions side by side: what differs is marked. */
export function Compare({
  bucket,
  objectKey,
  older,
  newer,
}: {
  bucket: string;
  objectKey: string;
  older: Version;
  newer: Version;
}) {
  const left = useQuery(headQuery({ bucket, key: objectKey, versionId: older.id }));
  const right = useQuery(headQuery({ bucket, key: objectKey, versionId: newer.id }));
  const error = left.error ?? right.error;
  if (error) return <Notice tone="danger">{explain(error)}</Notice>;
  if (!left.data || !right.data) return <Skeleton className="mt-3 h-32" />;
  const rows = compared(left.data, right.data);
  const isSame = left.data.etag === right.data.etag && left.data.size === right.data.size;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    <div tabIndex={0} className="mt-3 overflow-x-auto rounded-md border border-line">
      <table className="w-full text-xs">
        <caption className="px-3 py-1.5 text-left text-muted">
          {isSame ? "Both have the same bytes." : "Their bytes differ."}
        </caption>
        <thead>
          <tr className="border-t border-line text-left text-muted">
            <th scope="col" className="px-3 py-1 font-medium">
              <span className="sr-only">What</span>
            </th>
            <th scope="col" className="px-3 py-1 font-medium">
              That version
            </th>
            <th scope="col" className="px-3 py-1 font-medium">
              Current
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ what, before, after }) => (
            <tr key={what} className={cx("border-t border-line", before !== after && "wash-warning")}>
              <th scope="row" className="px-3 py-1 text-left font-normal text-muted">
                {what}
                {before !== after && (
                  <span className="ml-1.5 font-medium text-warning">
                    <span aria-hidden>≠</span>
                    <span className="sr-only">differs</span>
                  </span>
                )}
              </th>
              <td className="mono max-w-48 px-3 py-1 break-all">{before}</td>
              <td className="mono max-w-48 px-3 py-1 break-all">{after}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compared(before: Head, after: Head): { what: string; before: string; after: string }[] {
  const names = new Set([...before.metadata, ...after.metadata].map(([name]) => name));
  const value = (head: Head, name: string) => head.metadata.find(([each]) => each === name)?.[1] ?? "–";
  const of = (what: string, read: (head: Head) => string) => ({
    what,
    before: read(before),
    after: read(after),
  });
  return [
    of("Modified", (head) => moment(head.modified)),
    of("Size", (head) => exactBytes(head.size)),
    of("Type", (head) => head.type),
    of("Entity tag", (head) => head.etag),
    of("Encryption", (head) => head.encryption ?? "none"),
    ...[...names].map((name) => of(name, (head) => value(head, name))),
  ];
}
