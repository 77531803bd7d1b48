import { Page } from "@/parts/page";

export default function UsersPage() {
  return <Page title="Users">{null}</Page>;
}
