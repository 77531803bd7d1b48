/** What the search offers for a text. */
import { Boxes, Container, File, Hash, type LucideIcon, User, Zap } from "lucide-react";
import type { May } from "@/data/rights";
import type { Found } from "@/data/search";
import { count } from "../format";
import { PLACES, TABS } from "../shell/places";
import type { Action } from "./actions";

export interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
}

/** Goes to an address of the console. */
export type Go = (to: string) => void;

export function entriesFor(
  text: string,
  found: Found | undefined,
  actions: readonly Action[],
  may: May,
  go: Go,
): Entry[] {
  const wanted = text.trim().toLowerCase();
  const has = (title: string) => title.toLowerCase().includes(wanted);
  const entries: Entry[] = [];
  const sequence = /^#?([\d,]+)$/.exec(wanted)?.[1]?.replaceAll(",", "");
  if (sequence) {
    const title = `Event #${count(Number(sequence))}`;
    entries.push({
      id: "event",
      kind: "Event",
      title,
      icon: Hash,
      run: () => go(`/events?event=${sequence}`),
    });
  }
  for (const { title, to, icon, needs } of [...PLACES.flat(), ...TABS]) {
    if (has(title) && may(needs))
      entries.push({ id: `page ${to}`, kind: "Page", title, icon, run: () => go(String(to)) });
  }
  // A page has its own way to do what can be begun from everywhere.
  const first = actions.filter(({ title }, at) => actions.findIndex((one) => one.title === title) === at);
  for (const { title, run } of first) {
    if (has(title)) entries.push({ id: `action ${title}`, kind: "Action", title, icon: Zap, run });
  }
  if (wanted === "" || found === undefined) return entries;
  const path = (name: string) => encodeURIComponent(name);
  const add = (kind: string, icon: LucideIcon, title: string, to: string) =>
    entries.push({ id: `${kind} ${title}`, kind, title, icon, run: () => go(to) });
  for (const name of found.buckets) add("Bucket", Container, name, `/buckets/${path(name)}`);
  for (const { bucket, key } of found.objects) {
    const prefix = key.slice(0, key.lastIndexOf("/") + 1);
    add(
      "Object",
      File,
      `${bucket}/${key}`,
      `/buckets/${path(bucket)}?prefix=${path(prefix)}&key=${path(key)}`,
    );
  }
  for (const name of found.users) add("User", User, name, `/users?user=${path(name)}`);
  for (const name of found.nodes) add("Node", Boxes, name, `/nodes?node=${path(name)}`);
  return entries;
}
