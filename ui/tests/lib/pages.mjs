// The pages that the browser test loads, each in its full state: `ready` is a text that is there once the page shows what
// comes later than the page itself. A bucket called `photos` has to be there, and what fill.mjs makes. What a page says
// only after a key was pressed is shown by `act`. Of a page that is `refused` something, that is no error of the page.
import { LONG_KEY } from "./fill.mjs";

const key = encodeURIComponent;

export const pages = [
  // The sentence of the state comes first, then the charts, then the last events.
  { name: "overview", path: "/", ready: /^(object|bucket|region)\.\w+$/ },
  { name: "live", path: "/events", ready: /^(object|bucket|region)\.\w+$/ },
  { name: "inspector", path: "/events?event=1", ready: "Request" },
  { name: "replay", path: "/events?after=0&speed=100" },
  { name: "consumers", path: "/consumers?target=hook", ready: "It has refused no events." },
  { name: "buckets", path: "/buckets", ready: "photos" },
  { name: "create-bucket", path: "/buckets?create=true" },
  { name: "objects", path: "/buckets/photos", ready: "in this folder" },
  { name: "many-objects", path: "/buckets/photos?prefix=many/", ready: "10.txt" },
  { name: "no-objects", path: "/buckets/photos?prefix=none/", ready: "There is nothing in this folder" },
  { name: "object", path: `/buckets/photos?prefix=odd/&key=${key(LONG_KEY)}`, ready: "current" },
  { name: "insights", path: "/buckets/photos/insights", ready: "By prefix" },
  { name: "bucket-settings", path: "/buckets/photos/settings", ready: "Show the records of photos" },
  { name: "bucket-events", path: "/buckets/photos/events", ready: /^object\.\w+$/ },
  { name: "rewind", path: "/buckets/photos/rewind", ready: "Before this" },
  { name: "nodes", path: "/nodes" },
  { name: "node", path: "/nodes?node=node-1", ready: "Last pass" },
  { name: "replication", path: "/replication" },
  { name: "users", path: "/users", ready: "ada" },
  { name: "user", path: "/users?user=ada", ready: "see-photos" },
  { name: "create-user", path: "/users?create=true" },
  { name: "groups", path: "/groups?group=staff", ready: "see-photos" },
  { name: "policies", path: "/policies" },
  { name: "policy", path: "/policies?policy=see-photos", ready: "staff" },
  { name: "create-policy", path: "/policies?create=true" },
  { name: "sessions", path: "/sessions", ready: "this page" },
  // The first checkpoint signs the log some seconds after its first event.
  { name: "audit", path: "/audit", ready: "a checkpoint" },
  { name: "no-changes", path: "/audit?user=nobody-of-this-name", ready: "No entry matches" },
  { name: "access", path: "/audit/access", ready: "login failed" },
  { name: "logs", path: "/logs" },
  { name: "settings", path: "/settings" },
  { name: "kms-keys", path: "/kms-keys", ready: "for-photos" },
  { name: "search", path: "/settings", act: (page) => search(page, "photos"), ready: /^Bucket$/ },
  {
    name: "nothing-found",
    path: "/settings",
    act: (page) => search(page, "zzz"),
    ready: "Nothing is called",
  },
  { name: "keys", path: "/events", act: (page) => page.keyboard.press("?"), ready: "Show the keys" },
  {
    name: "missing-bucket",
    path: "/buckets/no-such-bucket/settings",
    refused: true,
    ready: "There is no such bucket",
  },
  { name: "not-found", path: "/no-such-page" },
];

async function search(page, text) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search" }).fill(text);
}
