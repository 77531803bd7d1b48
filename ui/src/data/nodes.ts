/** Storage nodes, and what operators want of them. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { drainNode, listNodes, type Node, removeNode, resumeNode } from "@/generated/api";
import { plural } from "@/parts/format";
import { ask, call, callFor } from "./call";
import { useChange } from "./change";
import { nameOf } from "./event";
import { newestEvents } from "./events";

export type { Node };

/** A store has few nodes: one page has all of them. */
const PAGE = 1_000;
/** Heartbeats are no events: figures of nodes are asked for again after this. */
const EVERY_MS = 5_000;

export const nodesQuery = queryOptions({
  queryKey: ["nodes"],
  queryFn: async ({ signal }) => (await call(listNodes, { query: { limit: PAGE }, signal })).nodes,
  refetchInterval: EVERY_MS,
  meta: { nouns: ["node", "content"] },
});

/** What happened to a node, the newest first. */
export function nodeHistoryQuery(node: string) {
  return queryOptions({
    queryKey: ["node-history", node],
    queryFn: async ({ signal }) =>
      (await newestEvents({ type: "node" }, 500, signal))
        .filter((event) => event.data.node === node)
        .slice(0, 50),
    meta: { nouns: ["node"] },
  });
}

export interface NodeOrder {
  readonly node: string;
  /** Although the store advises against it. */
  readonly force?: boolean;
}

export function useDrainNode() {
  return useChange({
    run: ({ node, force = false }: NodeOrder) => callFor(drainNode, { path: { node }, body: { force } }),
    done: (_, { node }) => `${node} is being drained. Its shards move to other nodes.`,
    nouns: ["node"],
  });
}

export function useResumeNode() {
  return useChange({
    run: ({ node }: NodeOrder) => callFor(resumeNode, { path: { node } }),
    done: (_, { node }) => `${node} takes shards again.`,
    nouns: ["node"],
  });
}

export function useRemoveNode() {
  return useChange({
    run: ({ node, force = false }: NodeOrder) => callFor(removeNode, { path: { node }, body: { force } }),
    done: (_, { node }) => `${node} was removed.`,
    nouns: ["node"],
  });
}

/** Has the process of a node end. Nothing of it is on the log: that the node is away is noted once it is. */
export function useStopNode() {
  return useChange({
    run: ({ node }: NodeOrder) =>
      ask(`/api/v1/nodes/${encodeURIComponent(node)}/stop`, z.unknown(), { method: "POST" }),
    done: (_, { node }) => `${node} has stopped.`,
    nouns: ["node"],
    isUnlogged: true,
  });
}

/** Lets a node in with the data folder that it has now. */
export function useInitNode() {
  return useChange({
    run: ({ node }: NodeOrder) =>
      ask(`/api/v1/nodes/${encodeURIComponent(node)}/init`, z.unknown(), { method: "POST" }),
    done: (_, { node }) => `${node} was let in with its present data folder.`,
    nouns: ["node"],
    matches: (event, { node }) => nameOf(event.type) === "node.joined" && event.data.node === node,
  });
}

/** Says that shards on a node of which the log says nothing are not needed. */
export function useConfirmStrays() {
  return useChange({
    run: ({ node, shards }: NodeOrder & { readonly shards: number }) =>
      ask(`/api/v1/nodes/${encodeURIComponent(node)}/confirm-strays`, z.unknown(), {
        method: "POST",
        query: { shards },
      }),
    done: (_, { node, shards }) =>
      `${plural(shards, "shard")} on ${node} ${shards === 1 ? "is" : "are"} not needed.`,
    nouns: ["node"],
    matches: (event, { node }) => nameOf(event.type).startsWith("node.") && event.data.node === node,
  });
}

const Pass = z.object({
  begun: z.string(),
  ended: z.nullish(z.string()),
  shards: z.number(),
  bytes: z.number(),
  damaged: z.number(),
});

const Scrubs = z.object({
  nodes: z.array(
    z.object({
      node: z.string(),
      failure: z.optional(z.string()),
      scrub: z.optional(
        z.object({
          state: z.string(),
          pass: z.nullish(Pass),
          last: z.nullish(Pass),
          bytes_per_second: z.number(),
          shards: z.number(),
          bytes: z.number(),
          damaged: z.number(),
        }),
      ),
    }),
  ),
});
export type NodeScrub = z.infer<typeof Scrubs>["nodes"][number];

/** How nodes read all of their shards to find damage. */
export const scrubsQuery = queryOptions({
  queryKey: ["scrubs"],
  queryFn: async ({ signal }) => (await ask("/api/v1/scrubs", Scrubs, { signal })).answer.nodes,
  refetchInterval: EVERY_MS,
});

export type ScrubChange = "start" | "pause" | "resume";

/** Has the scrub of a node begin, rest or go on; of all nodes without a name. Nothing of it is on the log. */
export function useScrub() {
  return useChange({
    run: ({ change, node }: { change: ScrubChange; node?: string }) =>
      ask(`/api/v1/scrubs/${change}`, z.unknown(), { method: "POST", query: { node } }),
    done: (_, { change, node }) => SCRUB_DONE[change](node ?? "all nodes"),
    nouns: [],
    isUnlogged: true,
  });
}

const SCRUB_DONE: Record<ScrubChange, (of: string) => string> = {
  start: (of) => `A scrub of ${of} begins.`,
  pause: (of) => `The scrub of ${of} is paused.`,
  resume: (of) => `The scrub of ${of} continues.`,
};
