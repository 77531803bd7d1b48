import { describe, expect, test } from "vitest";
import type { NodeStatus, Status } from "@/data/status";
import { matters } from "./attention";

const node = (name: string, change: Partial<NodeStatus> = {}): NodeStatus => ({
  node: name,
  zone: name,
  state: "online",
  free_bytes: 1,
  total_bytes: 2,
  stored_bytes: 0,
  shards: 0,
  heard_seconds_ago: 0,
  recorded: [],
  ...change,
});

const status = (change: Partial<Status> = {}): Status => ({
  version: "0",
  region: "eu-1",
  uptime_seconds: 1,
  readiness: { ready: true, missing: [] },
  stored: null,
  health: { settling: 0, settled_sequence: 0, scanning: false, owed: null },
  nodes: [node("node-1"), node("node-2")],
  log: { connected: true, last_sequence: 1 },
  ledger: { sequence: 1, failed: null, quarantined: { count: 0 } },
  ...change,
});

describe("what needs somebody", () => {
  test("is nothing if all is well", () => expect(matters(status())).toEqual([]));

  test("has the worst first", () => {
    const found = matters(
      status({ nodes: [node("node-1", { recorded: ["draining"] }), node("node-2", { state: "offline" })] }),
    );
    expect(found.map(({ says }) => says)).toEqual(["node-2 is offline.", "node-1 is draining."]);
  });

  test("names contents that another loss would end before all that are owed", () => {
    const owed = { contents: 3, unsafe_contents: 1, shards: 4, nodes: [] };
    const found = matters(status({ health: { settling: 0, settled_sequence: 0, scanning: false, owed } }));
    expect(found[0]).toMatchObject({
      tone: "danger",
      says: "1 content would not survive the loss of another node.",
    });
  });

  test("does not repeat what is owed if nothing is in danger", () => {
    const owed = { contents: 3, unsafe_contents: 0, shards: 4, nodes: [] };
    const found = matters(status({ health: { settling: 0, settled_sequence: 0, scanning: false, owed } }));
    expect(found).toEqual([]);
  });

  test("says of disks that fill together once that they do", () => {
    const nodes = [node("node-1", { days_until_full: 3 }), node("node-2", { days_until_full: 2 })];
    expect(matters(status({ nodes })).map(({ says }) => says)).toEqual([
      "The disks of 2 nodes fill up; the first, that of node-2, is full in 2 d.",
    ]);
  });
});
