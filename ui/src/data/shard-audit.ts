/** A count of all shards on the nodes, as it goes on. */
import { useEffect, useRef, useState } from "react";
import * as z from "zod/mini";
import { search } from "./call";
import { send } from "./http";

const Count = z.number();
const Counted = z.object({
  deep: z.boolean(),
  sequence: Count,
  contents: Count,
  short: Count,
  endangered: Count,
  unreadable: Count,
  crowded: Count,
  seconds: Count,
});
export type Counted = z.infer<typeof Counted>;

const Line = z.object({
  progress: z.optional(z.object({ contents: Count, of: Count })),
  audit: z.optional(Counted),
  failed: z.optional(z.string()),
});
type Line = z.infer<typeof Line>;

export interface ShardAudit {
  readonly progress?: { readonly contents: number; readonly of: number };
  readonly counted?: Counted;
  readonly error?: unknown;
  readonly isRunning: boolean;
}

const IDLE: ShardAudit = { isRunning: false };

/** The lines of an answer, as they come. */
async function* linesOf(response: Response): AsyncGenerator<Line> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const lines = (text + part.value).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((each) => each !== "")) yield z.parse(Line, JSON.parse(line));
  }
}

/** Counts on request. A page that goes away ends the count. */
export function useShardAudit(): { audit: ShardAudit; begin: (isDeep: boolean) => void; end: () => void } {
  const [audit, setAudit] = useState<ShardAudit>(IDLE);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const run = async (isDeep: boolean, signal: AbortSignal) => {
    const query = search({ deep: isDeep || undefined });
    const response = await send(`/api/v1/audit/shards${query}`, { method: "POST", signal });
    for await (const { progress, audit: counted, failed } of linesOf(response)) {
      if (failed !== undefined) throw new Error(failed);
      if (counted !== undefined) return setAudit({ counted, isRunning: false });
      if (progress !== undefined) setAudit({ progress, isRunning: true });
    }
    throw new Error("The count broke off.");
  };
  return {
    audit,
    begin: (isDeep) => {
      abort.current?.abort();
      const own = new AbortController();
      abort.current = own;
      setAudit({ isRunning: true });
      run(isDeep, own.signal).catch((error: unknown) => {
        if (!own.signal.aborted) setAudit({ error, isRunning: false });
      });
    },
    end: () => {
      abort.current?.abort();
      setAudit(IDLE);
    },
  };
}
