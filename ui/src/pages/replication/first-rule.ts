import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { bucketsQuery } from "@/data/buckets";
import { endpointQuery } from "@/data/endpoint";

/** A line that has all of a bucket replicated to a region, with a bucket that there is. */
export function useFirstRule(region: string): string {
  const { data: endpoint } = useQuery(endpointQuery);
  const { data } = useInfiniteQuery(bucketsQuery);
  const bucket = data?.pages[0]?.buckets[0]?.name ?? "here";
  const rule = {
    Priority: 1,
    Status: "Enabled",
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Enabled" },
    Destination: { Bucket: `arn:aws:s3:${region}::there` },
  };
  const configuration = JSON.stringify({ Role: "", Rules: [rule] });
  const url = endpoint ? ` --endpoint-url ${endpoint}` : "";
  return `aws s3api put-bucket-replication --bucket ${bucket} --replication-configuration '${configuration}'${url}`;
}
