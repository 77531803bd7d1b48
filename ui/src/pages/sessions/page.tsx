import { Page } from "@/parts/page";

export default function SessionsPage() {
  return <Page title="Sessions">{null}</Page>;
}
