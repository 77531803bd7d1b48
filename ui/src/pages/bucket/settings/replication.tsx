import { useQuery } from "@tanstack/react-query";
import { linksQuery } from "@/data/replication";
import { useMay } from "@/data/rights";
import { RulesCard } from "./rules";
import { replicationInWords } from "./sentences";

/** To which buckets of other regions the objects of this one are sent. */
export function ReplicationCard({ bucket }: { bucket: string }) {
  const may = useMay();
  const links = useQuery({ ...linksQuery, enabled: may("listLinks") });
  const region = links.data?.[0]?.name ?? "";
  const example = {
    Priority: 1,
    Status: "Enabled",
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Enabled" },
    Destination: { Bucket: `arn:aws:s3:${region}::${bucket}` },
  };
  return (
    <RulesCard
      bucket={bucket}
      of="replication"
      title="Replication"
      about="Rules by which new versions are sent to buckets of other regions. Both buckets need versioning."
      none="Nothing is replicated to another region."
      inWords={replicationInWords}
      example={example}
    />
  );
}
