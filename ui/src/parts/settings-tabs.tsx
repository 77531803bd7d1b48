import { LinkTabs } from "./tabs";

const TABS = [
  { title: "This store", to: "/settings" },
  { title: "Encryption keys", to: "/kms-keys" },
] as const;

/** The pages about what the store is set to. */
export function SettingsTabs() {
  return <LinkTabs label="What the store is set to" tabs={TABS} />;
}
