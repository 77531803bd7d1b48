/**
 * The session of this tab.
 *
 * The access token lives in memory alone. The refresh token is a cookie that scripts cannot read; a store that knows no
 * such cookie gives it in the body, and then it lives in memory too and ends with the tab.
 */
import { useSyncExternalStore } from "react";
import * as z from "zod/mini";
import { Session } from "@/generated/api";
import { fetchOrUnreachable, Refused, refusalOf } from "./http";

export interface SessionState {
  readonly phase: "starting" | "in" | "out";
  readonly user?: string;
  readonly role?: "admin" | "user";
  /** Why the session ended, if it was not by a click. */
  readonly reason?: string;
}

/** Asks the store to keep the refresh token in a cookie. A form of another site cannot send it. */
const COOKIE_HEADER = { "x-planetstore-session": "cookie", "x-planetstore-request": "console" };
/** Says that there may be a cookie, so that a stranger's first request is no refused one. No secret. */
const HINT = "planetstore.session";
/** How long before its end an access token is renewed. */
const EARLY_MS = 60_000;
/** The lock that lets one tab at a time use the cookie: a refresh token that is used twice ends the session. */
const LOCK = "planetstore-refresh";

const Opened = z.extend(z.omit(Session, { refresh_token: true, refresh_expires: true }), {
  refresh_token: z.optional(z.string()),
});

let state: SessionState = { phase: "starting" };
let token: string | undefined;
let refreshToken: string | undefined;
let expires = 0;
let renewing: Promise<string | undefined> | undefined;
const listeners = new Set<() => void>();

function set(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Calls back whenever somebody has signed in or out. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function sessionState(): SessionState {
  return state;
}

export function useSession(): SessionState {
  return useSyncExternalStore(onSession, sessionState);
}

/** The access token; absent if nobody is signed in. */
export function accessToken(): string | undefined {
  return token;
}

/** Milliseconds until the access token should be renewed. */
export function renewIn(now = Date.now()): number {
  return Math.max(0, expires - EARLY_MS - now);
}

function take(opened: z.infer<typeof Opened>): string {
  token = opened.access_token;
  refreshToken = opened.refresh_token;
  expires = Date.parse(opened.expires);
  remember(opened.refresh_token === undefined);
  if (state.phase !== "in" || state.user !== opened.user || state.role !== opened.role) {
    set({ phase: "in", user: opened.user, role: opened.role });
  }
  return token;
}

function drop(reason?: string): void {
  token = undefined;
  refreshToken = undefined;
  remember(false);
  set({ phase: "out", reason });
}

function remember(is: boolean): void {
  try {
    if (is) localStorage.setItem(HINT, "1");
    else localStorage.removeItem(HINT);
  } catch {
    // Storage may be forbidden; the hint is a courtesy.
  }
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetchOrUnreachable(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...COOKIE_HEADER, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
  });
}

/** Signs in. A refusal is thrown, to be shown where the password was typed. */
export async function signIn(user: string, password: string): Promise<void> {
  const response = await post("/api/v1/login", { user, password });
  if (!response.ok) throw await refusalOf(response);
  take(z.parse(Opened, await response.json()));
}

/** Takes up the session of before a reload, if there is one. */
export async function resume(): Promise<void> {
  let hinted = false;
  try {
    hinted = localStorage.getItem(HINT) !== null;
  } catch {
    // Without storage there is no hint, and a reload asks for the password again.
  }
  if (!hinted) return drop();
  try {
    await renewAccess();
  } catch (error) {
    // The cookie is still good; the next reload may find the store.
    return set({ phase: "out", reason: error instanceof Error ? error.message : undefined });
  }
  if (state.phase === "starting") drop();
}

/** A new access token; absent if the session has ended. Calls at the same time share one request. */
export function renewAccess(): Promise<string | undefined> {
  if (state.phase === "out") return Promise.resolve(undefined);
  renewing ??= exclusively(renew).finally(() => {
    renewing = undefined;
  });
  return renewing;
}

function exclusively<T>(work: () => Promise<T>): Promise<T> {
  // Browsers have locks on pages from this machine or over TLS.
  return navigator.locks ? (navigator.locks.request(LOCK, work) as Promise<T>) : work();
}

async function renew(): Promise<string | undefined> {
  const response = await post(
    "/api/v1/refresh",
    refreshToken === undefined ? undefined : { refresh_token: refreshToken },
  );
  if (response.ok) return take(z.parse(Opened, await response.json()));
  const refusal = await refusalOf(response);
  if (response.status >= 500 || response.status === 429) throw refusal;
  drop(state.phase === "in" ? "Your session has ended. Sign in to continue." : undefined);
  return undefined;
}

/** Ends the session, here and in the store. */
export async function signOut(): Promise<void> {
  const ended = post("/api/v1/logout", undefined, { authorization: `Bearer ${token ?? ""}` });
  drop();
  await ended.catch(() => undefined);
}

/** Takes an access token that the store gave for a password that was proven just now. */
export function takeProven(proven: { access_token: string; expires: string }): void {
  token = proven.access_token;
  expires = Date.parse(proven.expires);
}

/** Whether a refusal asks for the password once more. */
export function asksForPassword(error: unknown): boolean {
  return error instanceof Refused && error.code === "step_up_required";
}
