import { LinkTabs } from "./tabs";

const TABS = [
  { title: "Changes", to: "/audit", isExact: true },
  { title: "Refused requests and reads", to: "/audit/access" },
] as const;

/** The pages about who did what: what became an event, and what left none. */
export function AuditTabs() {
  return <LinkTabs label="Who did what" tabs={TABS} />;
}
