/** Open sessions of users. */
import { queryOptions } from "@tanstack/react-query";
import { listSessions, listUsers, type OpenSession, revokeSession, revokeSessions } from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";
import { accessToken } from "./session";

/** The user that every store has, and that no list of users has. */
const ROOT = "root";
/** Users on a page of the list. */
const PAGE = 1_000;
/** Users whose sessions are asked for at the same time. */
const AT_ONCE = 6;

export interface UserSession extends OpenSession {
  readonly user: string;
  /** Whether it is the one of this page. */
  readonly isOwn: boolean;
}

export function sessionsQuery(user: string) {
  return queryOptions({
    queryKey: ["sessions", user],
    queryFn: ({ signal }) => sessionsOf(user, signal),
    meta: { nouns: ["session"] },
  });
}

/** The sessions of everybody, root too. */
export const allSessionsQuery = queryOptions({
  queryKey: ["all-sessions"],
  queryFn: async ({ signal }) => {
    const names = [ROOT, ...(await namesOf(signal))];
    const sessions: UserSession[] = [];
    const one = async () => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        sessions.push(...(await sessionsOf(name, signal)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return sessions;
  },
  meta: { nouns: ["session", "user"] },
});

/** Who may sign in. Others have no sessions. */
async function namesOf(signal: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await call(listUsers, { query: { after, limit: PAGE }, signal });
    for (const user of page.users) if (user.has_password) names.push(user.name);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return names;
}

async function sessionsOf(user: string, signal: AbortSignal): Promise<UserSession[]> {
  const { sessions } = await call(listSessions, { path: { user }, signal });
  const own = ownSession();
  return sessions.map((session) => ({ ...session, user, isOwn: session.session === own }));
}

/** The session that the access token of this page says it is of. */
function ownSession(): string | undefined {
  const payload = accessToken()?.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { sid?: unknown };
    return typeof claims.sid === "string" ? claims.sid : undefined;
  } catch {
    return undefined;
  }
}

export function useEndSession() {
  return useChange({
    run: ({ user, session }: { user: string; session: string }) =>
      callFor(revokeSession, { path: { user, session } }),
    done: (_, { user }) => `Ended a session of ${user}.`,
    nouns: ["session"],
  });
}

export function useEndSessions() {
  return useChange({
    run: (user: string) => callFor(revokeSessions, { path: { user } }),
    done: (_, user) => `Ended all sessions of ${user}.`,
    nouns: ["session"],
  });
}
