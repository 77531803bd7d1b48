import { Page } from "@/parts/page";

export default function BucketsPage() {
  return <Page title="Buckets">{null}</Page>;
}
