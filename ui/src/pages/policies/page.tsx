import { Page } from "@/parts/page";

export default function PoliciesPage() {
  return <Page title="Policies">{null}</Page>;
}
