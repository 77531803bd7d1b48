/** What a subscription asks for, and what it is told. */
import type { LogEvent } from "../event";

export interface EventFilter {
  readonly bucket?: string;
  readonly prefix?: string;
  /** Types, separated by commas: `object`, `object.created`. */
  readonly type?: string;
  readonly user?: string;
}

export interface LogFilter {
  readonly level?: string;
  readonly role?: string;
  readonly text?: string;
}

export type Wanted =
  | {
      readonly source: "events";
      readonly filter: EventFilter;
      /** Only what lies behind this sequence; without it and `since`, what happens from now on. */
      readonly after?: number;
      readonly since?: string;
      /** More than this is counted and left out. */
      readonly maxPerSecond?: number;
    }
  | { readonly source: "telemetry" }
  | { readonly source: "logs"; readonly filter: LogFilter };

/** What a subscription is told. All of it comes once a frame at most. */
export interface Told {
  /** Events of the log, in their order, each once. */
  readonly onEvents?: (events: LogEvent[]) => void;
  /** The data of ticks or of log lines. */
  readonly onData?: (data: unknown[]) => void;
  /** Events up to a sequence were left out because they were too many. */
  readonly onSkipped?: (count: number, until: number) => void;
  /** So many entries of the log are still to be read. */
  readonly onBehind?: (entries: number) => void;
  /** The store refused the subscription, or ended it. */
  readonly onRefused?: (code: string, message: string) => void;
}

/** A message of the store: a CloudEvent that says to which subscription it belongs. */
export interface Message extends LogEvent {
  readonly subscription?: string;
  readonly streamsequence?: string;
}

/** The types of what the feed says of itself, without prefix and version. */
export const SAYS = {
  authenticated: "feed.authenticated",
  subscribed: "feed.subscribed",
  position: "feed.position",
  skipped: "feed.skipped",
  behind: "feed.behind",
  refused: "feed.refused",
  ended: "feed.ended",
  tick: "metrics.tick",
  line: "log.line",
} as const;
