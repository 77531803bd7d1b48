import { type Failed, type Way, wayId } from "@/data/replication";

/** Failures by destination; the destination that failed last is the first. */
export function groupsOf(failed: readonly Failed[]): (Way & { readonly failed: readonly Failed[] })[] {
  const groups = new Map<string, Way & { failed: Failed[] }>();
  for (const version of failed) {
    const { bucket, destination } = version;
    const group = groups.get(wayId(version)) ?? { bucket, destination, failed: [] };
    group.failed.push(version);
    groups.set(wayId(version), group);
  }
  return [...groups.values()];
}
