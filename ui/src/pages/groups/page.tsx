import { Page } from "@/parts/page";

export default function GroupsPage() {
  return <Page title="Groups">{null}</Page>;
}
