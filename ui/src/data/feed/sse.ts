/** Events by Server-Sent Events, read by `fetch`: the browser's own EventSource cannot send an access token. */
import { search } from "../call";
import { send } from "../http";
import type { Message, Wanted } from "./wanted";

/** The longest event of the log, and some. A line longer than this is no event. */
const LINE_MAX_CHARS = 4 << 20;

/** Follows until the stream ends. */
export async function streamEvents(
  wanted: Extract<Wanted, { source: "events" }>,
  after: number | undefined,
  signal: AbortSignal,
  hear: (message: Message) => void,
): Promise<void> {
  const query = { ...wanted.filter, after, since: after === undefined ? wanted.since : undefined };
  const response = await send(`/api/v1/events/stream${search(query)}`, { signal });
  if (response.body === null) return;
  const parser = new Parser(hear);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.take(value);
  }
}

/** Says what a stream says as the WebSocket would. */
export class Parser {
  private rest = "";
  private fields: Record<string, string> = {};

  constructor(private readonly hear: (message: Message) => void) {}

  take(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    if (this.rest.length > LINE_MAX_CHARS) throw new Error("a line of the stream is too long");
    for (const line of lines) this.line(line.replace(/\r$/, ""));
  }

  private line(line: string): void {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "") return;
    this.fields[name] =
      name === "data" && this.fields.data !== undefined ? `${this.fields.data}\n${value}` : value;
  }

  private dispatch(): void {
    const { id, event, data } = this.fields;
    this.fields = {};
    if (event === undefined && data !== undefined) return this.hear(JSON.parse(data) as Message);
    if (event === undefined && id !== undefined) return this.say("position", { sequence: Number(id) });
    const says = data === undefined ? {} : (JSON.parse(data) as Record<string, unknown>);
    if (event === "behind") this.say("behind", { entries: says.behind });
    if (event === "end") this.say("ended", says);
  }

  private say(what: string, data: Record<string, unknown>): void {
    this.hear({
      specversion: "1.0",
      id: "",
      source: "",
      time: "",
      sequence: "",
      type: `io.planetstore.feed.${what}.v1`,
      data,
    });
  }
}
