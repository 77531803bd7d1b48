/** The word for a destination, and what it waits for. */
import { sentence } from "@/data/http";
import type { Destination, Link, ReplicatedTo } from "@/data/replication";
import type { Tone } from "@/parts/badge";

export interface WayState {
  readonly tone: Tone;
  readonly word: "up to date" | "sending" | "comparing" | "waiting" | "not reported";
  /** Why it waits, as a sentence. */
  readonly why?: string;
}

/** What is known beside the destination itself. */
export interface Around {
  /** Whether a process replicates. */
  readonly isRunning: boolean;
  /** Whether an operator has paused replication. */
  readonly isPaused: boolean;
  /** The links that there are; absent for those who may not see them. */
  readonly links?: readonly Link[];
}

export function wayState({ destination, lag, resync }: ReplicatedTo, around: Around): WayState {
  const why = waitsFor(destination, around) ?? lag?.why ?? undefined;
  if (why !== undefined) return { tone: "warning", word: "waiting", why: sentence(why) };
  if (resync || lag?.is_resyncing) return { tone: "notice", word: "comparing" };
  if (!lag) return { tone: "none", word: "not reported" };
  // What is not read yet has an age, and is not counted.
  return lag.changes > 0 || lag.seconds > 0
    ? { tone: "notice", word: "sending" }
    : { tone: "ok", word: "up to date" };
}

/** What nothing can be sent without. */
function waitsFor(destination: Destination, { isRunning, isPaused, links }: Around): string | undefined {
  if (links !== undefined && linkOf(destination, links) === undefined) {
    if (destination.region) return `There is no link to ${destination.region}.`;
    return links.length === 0
      ? "There is no link to another region."
      : "There are several links, and the rule names no region.";
  }
  if (!isRunning) return "No process replicates.";
  return isPaused ? "Replication is paused." : undefined;
}

/** The link by which a destination is reached. */
export function linkOf({ region }: Destination, links: readonly Link[]): Link | undefined {
  if (region) return links.find(({ name }) => name === region);
  return links.length === 1 ? links[0] : undefined;
}

/** How far behind a destination is, as far as that is known. */
export interface Behind {
  readonly changes?: number;
  readonly bytes?: number;
  readonly seconds?: number;
}

/** What was not read from the log yet has an age alone; and a destination that waits is not at 0 while it is tried again. */
export function behindOf(lag: ReplicatedTo["lag"]): Behind {
  if (!lag) return {};
  const { changes, bytes, seconds, why } = lag;
  if (changes > 0 || (seconds === 0 && !why)) return { changes, bytes, seconds };
  return seconds > 0 ? { seconds } : {};
}

/** What becomes of destinations if a link is removed. */
export interface Removal {
  /** Those that wait from then on. */
  readonly waiting: readonly ReplicatedTo[];
  /** Those that name no region, and are reached by the one link that is left. */
  readonly redirected: readonly ReplicatedTo[];
}

export function removalOf(name: string, links: readonly Link[], ways: readonly ReplicatedTo[]): Removal {
  const left = links.filter((link) => link.name !== name);
  return {
    waiting: ways.filter(
      ({ destination }) =>
        linkOf(destination, links)?.name === name && linkOf(destination, left) === undefined,
    ),
    redirected: ways.filter(
      ({ destination }) =>
        linkOf(destination, links) === undefined && linkOf(destination, left) !== undefined,
    ),
  };
}
