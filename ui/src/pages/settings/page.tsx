import { Page } from "@/parts/page";

export default function SettingsPage() {
  return <Page title="Settings">{null}</Page>;
}
