/** A subscription: where it is on the log, and what it was told and has not passed on yet. */
import { type LogEvent, nameOf } from "../event";
import { type Message, SAYS, type Told, type Wanted } from "./wanted";

/** Messages that wait for a frame. A page in the background has few frames, and what is older is not worth keeping. */
const PENDING_MAX = 5_000;

export class Subscription {
  /** The last sequence that was told, behind which it goes on after a break. */
  last: number | undefined;
  private events: LogEvent[] = [];
  private data: unknown[] = [];
  private skipped = 0;
  private skippedUntil = 0;

  constructor(
    readonly id: string,
    readonly wanted: Wanted,
    private readonly told: Told,
  ) {
    if (wanted.source === "events") this.last = wanted.after;
  }

  /** What to send to the store to have it. */
  request(): Record<string, unknown> {
    const { id, wanted } = this;
    if (wanted.source !== "events") return { op: "subscribe", id, ...wanted };
    return {
      op: "subscribe",
      id,
      source: "events",
      filter: wanted.filter,
      after: this.last ?? null,
      since: this.last === undefined ? (wanted.since ?? null) : null,
      max_per_second: wanted.maxPerSecond ?? null,
    };
  }

  /** Takes a message; the sequence that it shows the log to have reached, if any. */
  take(message: Message): number | undefined {
    const data = message.data ?? {};
    switch (nameOf(message.type)) {
      case SAYS.tick:
      case SAYS.line:
        this.data.push(data);
        if (this.data.length > PENDING_MAX) this.data.shift();
        return numberIn(data, "sequence");
      case SAYS.subscribed:
      case SAYS.position:
        return this.moveTo(numberIn(data, "sequence"));
      case SAYS.skipped:
        this.skipped += numberIn(data, "count") ?? 0;
        this.skippedUntil = numberIn(data, "until") ?? this.skippedUntil;
        return this.moveTo(this.skippedUntil);
      case SAYS.behind:
        this.told.onBehind?.(numberIn(data, "entries") ?? 0);
        return undefined;
      case SAYS.refused:
      case SAYS.ended:
        this.told.onRefused?.(String(data.code ?? "refused"), String(data.message ?? ""));
        return undefined;
      default:
        return this.takeEvent(message);
    }
  }

  private takeEvent(message: Message): number | undefined {
    const sequence = Number(message.streamsequence ?? message.sequence);
    // Delivery is at least once.
    if (this.last !== undefined && sequence <= this.last) return undefined;
    this.last = sequence;
    this.events.push(message);
    if (this.events.length > PENDING_MAX) {
      this.events.shift();
      this.skipped += 1;
      this.skippedUntil = sequence;
    }
    return sequence;
  }

  private moveTo(sequence: number | undefined): number | undefined {
    if (sequence !== undefined && sequence > (this.last ?? -1)) this.last = sequence;
    return sequence;
  }

  /** Passes on what has come since the last frame. */
  flush(): void {
    if (this.skipped > 0) {
      const [count, until] = [this.skipped, this.skippedUntil];
      this.skipped = 0;
      this.told.onSkipped?.(count, until);
    }
    if (this.events.length > 0) {
      const events = this.events;
      this.events = [];
      this.told.onEvents?.(events);
    }
    if (this.data.length > 0) {
      const data = this.data;
      this.data = [];
      this.told.onData?.(data);
    }
  }

  refuse(code: string, message: string): void {
    this.told.onRefused?.(code, message);
  }
}

function numberIn(data: Record<string, unknown>, field: string): number | undefined {
  const value = Number(data[field]);
  return data[field] === undefined || data[field] === null || Number.isNaN(value) ? undefined : value;
}
