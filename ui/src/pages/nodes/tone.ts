import type { Tone } from "@/parts/badge";

/** The tone of a node's state. */
export function nodeTone(state: string): Tone {
  switch (state) {
    case "online":
    case "serving":
    case "healthy":
      return "ok";
    case "draining":
    case "undecided":
      return "notice";
    case "stalled":
    case "full":
    case "failing":
      return "warning";
    default:
      return "danger";
  }
}
