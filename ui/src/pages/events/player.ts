/** Plays events of the log as they happened, or faster. */
import { type LogEvent, sequenceOf } from "@/data/event";
import type { EventsPage } from "@/data/events";

/** Events that are loaded ahead. Below this, the next page is asked for. */
const AHEAD_MIN = 200;

export type Load = (after: number | undefined) => Promise<EventsPage>;

export class Player {
  private waiting: LogEvent[] = [];
  /** The time on the log that is played now, in milliseconds. */
  private logTime: number | undefined;
  private clock: number | undefined;
  private isLoading = false;
  private isAtEnd = false;
  private after: number | undefined;
  /** What the last page could not be loaded for. */
  error: unknown;

  constructor(
    private readonly load: Load,
    from: number | undefined,
    private speed: number,
  ) {
    this.after = from;
  }

  /** The last sequence that was looked at. */
  get position(): number | undefined {
    const next = this.waiting[0];
    return next === undefined ? this.after : sequenceOf(next) - 1;
  }

  /** Whether everything up to the end of the log was played. */
  get isDone(): boolean {
    return this.isAtEnd && this.waiting.length === 0;
  }

  /** The time on the log that is played. */
  get playedTime(): number | undefined {
    return this.logTime;
  }

  /** Seconds on the reader's clock until the next event. */
  get nextIn(): number | undefined {
    const next = this.waiting[0];
    if (next === undefined || this.logTime === undefined) return undefined;
    return Math.max(0, (Date.parse(next.time) - this.logTime) / this.speed / 1_000);
  }

  setSpeed(speed: number): void {
    this.speed = speed;
  }

  /** Goes on to the next event at once. */
  skip(): void {
    const next = this.waiting[0];
    if (next !== undefined) this.logTime = Math.max(this.logTime ?? 0, Date.parse(next.time));
  }

  /** The events whose time has come. `isPaused` stops the clock. */
  tick(now: number, isPaused: boolean): LogEvent[] {
    void this.fill();
    const passed = this.clock === undefined || isPaused ? 0 : (now - this.clock) * this.speed;
    this.clock = now;
    const first = this.waiting[0];
    if (first === undefined || isPaused) return [];
    this.logTime = (this.logTime ?? Date.parse(first.time)) + passed;
    const time = this.logTime;
    let due = 0;
    while (due < this.waiting.length && Date.parse(this.waiting[due]?.time ?? "") <= time) due += 1;
    // The clock waits for pages that are on their way.
    if (due === this.waiting.length && !this.isAtEnd)
      this.logTime = Date.parse(this.waiting.at(-1)?.time ?? "");
    return this.waiting.splice(0, due);
  }

  /** Loads the next page if few events are left. */
  async fill(): Promise<void> {
    if (this.isLoading || this.isAtEnd || this.waiting.length >= AHEAD_MIN) return;
    this.isLoading = true;
    try {
      const page = await this.load(this.after);
      this.waiting.push(...page.events);
      this.isAtEnd = page.next >= page.sequence;
      this.after = page.next;
      this.error = undefined;
    } catch (error) {
      this.error = error;
    } finally {
      this.isLoading = false;
    }
  }
}
