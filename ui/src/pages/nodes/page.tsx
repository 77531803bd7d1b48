import { Page } from "@/parts/page";

export default function NodesPage() {
  return <Page title="Nodes">{null}</Page>;
}
