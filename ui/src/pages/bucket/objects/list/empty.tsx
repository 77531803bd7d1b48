import { useQuery } from "@tanstack/react-query";
import { Inbox, SearchX } from "lucide-react";
import { endpointQuery } from "@/data/endpoint";
import { Empty } from "@/parts/states";
import { crumbsOf } from "../crumbs";

/** What is said where there is nothing. */
export function EmptyFolder({ bucket, prefix }: { bucket: string; prefix: string }) {
  const { rest } = crumbsOf(prefix);
  const { data: endpoint } = useQuery(endpointQuery);
  if (rest !== "") {
    return (
      <Empty icon={SearchX} title="No key has this prefix">
        Keys are found by their prefix. A slash at the end opens a folder.
      </Empty>
    );
  }
  return (
    <Empty
      icon={Inbox}
      title={prefix === "" ? "This bucket is empty" : "There is nothing in this folder"}
      line={`aws s3 cp ./file s3://${bucket}/${prefix}${endpoint ? ` --endpoint-url ${endpoint}` : ""}`}
    >
      Drop files or folders here, or upload them with any client of S3.
    </Empty>
  );
}
