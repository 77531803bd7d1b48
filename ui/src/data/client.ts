/** The cache of what was asked, and when it is asked anew: when an event says that it has changed. */
import { QueryClient } from "@tanstack/react-query";
import { heard } from "./becomes";
import { nounOf } from "./event";
import { subscribe } from "./feed";
import { Refused, Unreachable } from "./http";
import { onSession, sessionState } from "./session";

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: {
      /** The nouns whose events change the answer. */
      nouns?: readonly string[];
    };
  }
}

/** How often queries are asked anew at most while events come, in milliseconds. */
const ANEW_EVERY_MS = 2_000;
/** Events a second that are looked at. What is left out counts as an event of every noun. */
const EVENTS_PER_SECOND = 20;

/** How long after a sign-out what was seen is forgotten, in milliseconds. */
const CLEAR_AFTER_MS = 300;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && (error instanceof Unreachable || isPassing(error)),
    },
  },
});

function isPassing(error: unknown): boolean {
  return error instanceof Refused && (error.status === 429 || error.status >= 500);
}

let user = sessionState().user;
let forgetting: ReturnType<typeof setTimeout> | undefined;

// What one person may see is nothing to the next. A session that is taken up after a reload is nobody's next: what its page
// has asked for by then would never be answered if it was forgotten.
onSession(() => {
  const now = sessionState().user;
  if (now === user) return;
  const before = user;
  user = now;
  if (now === undefined) {
    // The page of who left is still there for a moment, and would ask anew.
    forgetting = setTimeout(forget, CLEAR_AFTER_MS);
  } else if (forgetting !== undefined) {
    forget();
  } else if (before !== undefined) {
    queries.removeQueries({ type: "inactive" });
    void queries.resetQueries();
  }
});

function forget(): void {
  clearTimeout(forgetting);
  forgetting = undefined;
  queries.clear();
}

/** Asks anew for what events change, from here on. What is returned ends it. */
export function followEvents(): () => void {
  const dirty = new Set<string>();
  let isAll = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      const [nouns, all] = [new Set(dirty), isAll];
      dirty.clear();
      isAll = false;
      void queries.invalidateQueries({
        predicate: (query) => query.meta?.nouns?.some((noun) => all || nouns.has(noun)) ?? false,
      });
    }, ANEW_EVERY_MS);
  };
  const end = subscribe(
    { source: "events", filter: {}, maxPerSecond: EVENTS_PER_SECOND },
    {
      onEvents: (events) => {
        for (const event of events) {
          dirty.add(nounOf(event.type));
          heard(event);
        }
        soon();
      },
      onSkipped: () => {
        isAll = true;
        soon();
      },
    },
  );
  return () => {
    clearTimeout(timer);
    end();
  };
}
