import { Page } from "@/parts/page";

export default function ReplicationPage() {
  return <Page title="Replication">{null}</Page>;
}
