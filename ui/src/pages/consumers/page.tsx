import { Page } from "@/parts/page";

export default function ConsumersPage() {
  return <Page title="Consumers">{null}</Page>;
}
