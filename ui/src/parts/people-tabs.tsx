import { LinkTabs } from "./tabs";

const TABS = [
  { title: "Users", to: "/users" },
  { title: "Groups", to: "/groups" },
  { title: "Policies", to: "/policies" },
  { title: "Sessions", to: "/sessions" },
] as const;

/** The pages about who may do what. */
export function PeopleTabs() {
  return <LinkTabs label="Who may do what" tabs={TABS} />;
}
