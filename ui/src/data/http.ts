/**
 * Requests to the store that served this page. Nothing else is ever asked for anything.
 *
 * Requests carry the access token of the session and a header that a form of another site cannot send. The browser adds
 * nothing by itself: `credentials` is `omit` but for the three requests that take the cookie of the session.
 */
import { accessToken, renewAccess, sessionState } from "./session";

/** The header that changes need, which no form can send. */
const REQUEST_HEADER = "x-planetstore-request";

/** The store refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds after which the store suggests to try again. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = "Refused";
  }
}

/** The store did not answer. */
export class Unreachable extends Error {
  constructor() {
    super("The store does not answer. It may be restarting, or the connection to it is gone.");
    this.name = "Unreachable";
  }
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal;
  /** Whether the answer's body is wanted although the store refused. */
  readonly rawRefusal?: boolean;
}

/** Sends a request under the session, and once more with a new access token if the old one has ended. */
export async function send(path: string, sent: Sent = {}): Promise<Response> {
  if (sessionState().phase === "out") throw new Refused(401, "session_ended", "Nobody is signed in.");
  let response = await attempt(path, sent, accessToken());
  if (response.status === 401) {
    const renewed = await renewAccess();
    if (renewed !== undefined) response = await attempt(path, sent, renewed);
  }
  if (!response.ok && !sent.rawRefusal) throw await refusalOf(response);
  return response;
}

async function attempt(path: string, sent: Sent, token: string | undefined): Promise<Response> {
  const headers: Record<string, string> = { [REQUEST_HEADER]: "console", ...sent.headers };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return fetchOrUnreachable(path, {
    method: sent.method ?? "GET",
    headers,
    body: sent.body,
    signal: sent.signal,
    credentials: "omit",
  });
}

/** `fetch`, whose failures are an [Unreachable]. What was aborted stays what it is. */
export async function fetchOrUnreachable(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

/** What a refusal says: JSON from the admin API, XML from S3. */
export async function refusalOf(response: Response): Promise<Refused> {
  const text = await response.text().catch(() => "");
  const after = Number(response.headers.get("retry-after"));
  const of = (code: string, message: string) =>
    new Refused(response.status, code, message, Number.isFinite(after) && after > 0 ? after : undefined);
  if (text.startsWith("{")) {
    const { code, message } = JSON.parse(text) as { code?: string; message?: string };
    return of(code ?? "refused", sentence(message ?? response.statusText));
  }
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  const message = unescaped(/<Message>([^<]*)<\/Message>/.exec(text)?.[1]);
  const none =
    response.status === 404
      ? "This release of the store does not serve this."
      : `The store answered ${response.status}.`;
  return of(code ?? String(response.status), sentence(message ?? none));
}

const ESCAPES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'" };

function unescaped(text: string | undefined): string | undefined {
  return text?.replace(/&([a-z]+|#39);/g, (whole, name: string) => ESCAPES[name] ?? whole);
}

/** The API's messages are lower case without a dot, for they are parts of sentences on a command line. */
export function sentence(message: string): string {
  const upper = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
