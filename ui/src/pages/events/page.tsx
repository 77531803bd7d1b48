import { Page } from "@/parts/page";

export default function LivePage() {
  return <Page title="Live">{null}</Page>;
}
