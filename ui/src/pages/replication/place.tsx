import type { Destination } from "@/data/replication";

/** A destination: a bucket, and the region that it is in if that is known. */
export function Place({ destination: { bucket, region } }: { destination: Destination }) {
  return (
    <>
      <span className="name">{bucket}</span>
      {region && (
        <span className="text-muted">
          {" "}
          in <span className="name">{region}</span>
        </span>
      )}
    </>
  );
}
