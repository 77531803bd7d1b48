import type { Node } from "@/data/nodes";
import { State, type Tone } from "@/parts/badge";
import { Ago } from "@/parts/time";
import { nodeTone } from "./tone";

/** The word for a node: what is wrong with it, or what is wanted of it, or that it serves. */
export function stateOf(node: Node): { word: string; tone: Tone; since: string } {
  const { duty, presence, condition } = node;
  if (duty.state === "removed") return { word: "removed", tone: "none", since: duty.since };
  if (presence.state === "offline") return { word: "offline", tone: "danger", since: presence.since };
  if (condition.state !== "healthy") {
    const word = condition.cause ? `${condition.state} (${condition.cause})` : condition.state;
    return { word, tone: nodeTone(condition.state), since: condition.since };
  }
  if (duty.state === "draining") return { word: "draining", tone: "notice", since: duty.since };
  return { word: "online", tone: "ok", since: presence.since };
}

export function NodeState({ node }: { node: Node }) {
  const { word, tone } = stateOf(node);
  return <State tone={tone}>{word}</State>;
}

export function NodeSince({ node }: { node: Node }) {
  return <Ago time={stateOf(node).since} className="text-muted" />;
}
