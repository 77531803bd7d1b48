/** What needs somebody, worst first. */
import type { Status } from "@/data/status";
import type { Tone } from "@/parts/badge";
import { bytes, duration, plural } from "@/parts/format";

export interface Matter {
  readonly tone: Tone;
  readonly says: string;
  /** What can be done: a page of the console. */
  readonly action?: {
    readonly title: string;
    readonly to: "/nodes" | "/logs" | "/settings" | "/audit";
    readonly node?: string;
  };
}

/** Days before a disk is full from which on somebody should know. */
const FULL_SOON_DAYS = 14;
const RANK: Record<Tone, number> = { danger: 0, warning: 1, notice: 2, none: 3, ok: 4 };

export function matters(status: Status): Matter[] {
  const found = [...ofStore(status), ...ofRedundancy(status), ...ofNodes(status), ...ofDisks(status)];
  return found.sort((a, b) => RANK[a.tone] - RANK[b.tone]);
}

function ofStore(status: Status): Matter[] {
  const found: Matter[] = [];
  if (status.ledger.failed !== null) {
    found.push({
      tone: "danger",
      says: `The ledger of the gateway stopped: ${status.ledger.failed}.`,
      action: { title: "Logs", to: "/logs" },
    });
  }
  if (!status.log.connected) {
    found.push({
      tone: "danger",
      says: "The event log does not answer. Writes wait until it does.",
      action: { title: "Logs", to: "/logs" },
    });
  }
  for (const missing of status.readiness.missing)
    found.push({ tone: "warning", says: `Not ready: ${missing}.` });
  const { count: strays } = status.ledger.quarantined;
  if (strays > 0) {
    const says = `${plural(strays, "entry", "entries")} of the log ${strays === 1 ? "has" : "have"} no valid proof and ${strays === 1 ? "is" : "are"} ignored.`;
    found.push({ tone: "warning", says, action: { title: "Audit", to: "/audit" } });
  }
  const { disk } = status;
  // On a machine with everything, the gateway's disk is that of the nodes.
  const isOwn = !status.nodes.some((node) => node.total_bytes === disk?.total_bytes);
  if (disk && isOwn && isSoon(disk.days_until_full)) {
    found.push({
      tone: "warning",
      says: `The gateway's disk is full in ${duration(disk.days_until_full * 86_400)}; ${bytes(disk.free_bytes)} are free.`,
    });
  }
  return found;
}

function ofRedundancy(status: Status): Matter[] {
  const owed = status.health.owed;
  if (owed === null || owed.contents === 0) return [];
  // How many shards are owed and how long repair takes is in the sentence above.
  if (owed.unsafe_contents === 0) return [];
  const says = `${plural(owed.unsafe_contents, "content")} would not survive the loss of another node.`;
  return [{ tone: "danger", says, action: { title: "Repair", to: "/nodes" } }];
}

function ofNodes(status: Status): Matter[] {
  return status.nodes.flatMap((node): Matter[] => {
    const action = { title: node.node, to: "/nodes", node: node.node } as const;
    if (node.state !== "online") {
      const why = node.why ? `: ${node.why}` : "";
      return [
        {
          tone: node.state === "offline" ? "danger" : "warning",
          says: `${node.node} is ${node.state}${why}.`,
          action,
        },
      ];
    }
    if (node.recorded.length > 0)
      return [{ tone: "notice", says: `${node.node} is ${node.recorded.join(", ")}.`, action }];
    return [];
  });
}

/** Disks that are full soon, as one matter: they fill together, as a rule. */
function ofDisks(status: Status): Matter[] {
  const filling = status.nodes.filter((node) => isSoon(node.days_until_full));
  const first = filling.toSorted((a, b) => (a.days_until_full ?? 0) - (b.days_until_full ?? 0))[0];
  if (first === undefined) return [];
  const left = duration((first.days_until_full ?? 0) * 86_400);
  const says =
    filling.length === 1
      ? `The disk of ${first.node} is full in ${left}, as it fills now.`
      : `The disks of ${plural(filling.length, "node")} fill up; the first, that of ${first.node}, is full in ${left}.`;
  return [{ tone: "warning", says, action: { title: "Nodes", to: "/nodes" } }];
}

function isSoon(days: number | null | undefined): days is number {
  return days !== undefined && days !== null && days < FULL_SOON_DAYS;
}
