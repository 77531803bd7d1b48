/** Changes: each is answered by the event that it became, or by the sentence with which it was refused. */
import { useMutation } from "@tanstack/react-query";
import { prove } from "@/generated/api";
import { askForPassword } from "@/parts/proof/ask";
import { announce } from "@/parts/toast/announce";
import { becomes, before } from "./becomes";
import { type Answered, call } from "./call";
import { queries } from "./client";
import type { LogEvent } from "./event";
import { asksForPassword, takeProven } from "./session";

export interface Change<Input, Answer> {
  /** Makes the change. */
  readonly run: (input: Input) => Promise<Answered<Answer>>;
  /** What was done, as a sentence: `Created the bucket photos.` */
  readonly done: (answer: Answer, input: Input) => string;
  /** The nouns whose queries are asked anew. */
  readonly nouns: readonly string[];
  /** Whether it becomes no event: it is about the moment, and not about what is stored. */
  readonly isUnlogged?: boolean;
  /** Tells the event of the change, where events name no request. */
  readonly matches?: (event: LogEvent, input: Input) => boolean;
}

/** A mutation that announces its event. The caller shows `error` where it belongs. */
export function useChange<Input, Answer>(change: Change<Input, Answer>) {
  return useMutation<Answer, Error, Input>({
    mutationFn: async (input) => {
      const position = before();
      const { answer, requestId, sequence } = await withProof(() => change.run(input));
      const matches = change.matches;
      const event = change.isUnlogged
        ? undefined
        : becomes({
            requestId,
            sequence,
            before: position,
            matches: matches && ((event) => matches(event, input)),
          });
      announce(change.done(answer, input), event);
      const nouns = new Set(change.nouns);
      await queries.invalidateQueries({
        predicate: (query) => query.meta?.nouns?.some((noun) => nouns.has(noun)) ?? false,
      });
      return answer;
    },
  });
}

/** Makes a change, and once more after the password was asked for if the store wants that. */
export async function withProof<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    if (!asksForPassword(error)) throw error;
    const isProven = await askForPassword(async (password) => {
      takeProven(await call(prove, { body: { password } }));
    });
    if (!isProven) throw error;
    return run();
  }
}
