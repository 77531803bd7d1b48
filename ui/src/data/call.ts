/** Calls operations of the API, and checks once that what they answer is what the OpenAPI document says. */
import * as z from "zod/mini";
import type { Operation } from "@/generated/api";
import { type Sent, send } from "./http";

// Without this, zod tries to compile code, which the content security policy forbids and the browser reports.
z.config({ jitless: true });

type Needed<Key extends string, Value> = Value extends undefined
  ? { [K in Key]?: undefined }
  : Record<string, never> extends Value
    ? { [K in Key]?: Value }
    : { [K in Key]: Value };

export type Arguments<Path, Query, Body> = Needed<"path", Path> &
  Needed<"query", Query> &
  Needed<"body", Body> & { signal?: AbortSignal };

/** What an operation answered, with the id by which its event names the request. */
export interface Answered<Answer> {
  readonly answer: Answer;
  readonly requestId?: string;
  /** The last sequence of the log once a change had happened. */
  readonly sequence?: number;
}

/** Calls an operation. */
export async function call<Path, Query, Body, Answer>(
  operation: Operation<Path, Query, Body, Answer>,
  taken: Arguments<Path, Query, Body>,
): Promise<Answer> {
  return (await callFor(operation, taken)).answer;
}

/** Calls an operation that becomes an event. */
export async function callFor<Path, Query, Body, Answer>(
  operation: Operation<Path, Query, Body, Answer>,
  taken: Arguments<Path, Query, Body>,
): Promise<Answered<Answer>> {
  const { path, query, body, signal } = taken as {
    path?: Record<string, string>;
    query?: Record<string, unknown>;
    body?: unknown;
    signal?: AbortSignal;
  };
  const sent: Sent = {
    method: operation.method,
    signal,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  return answered(await send(filled(operation.path, path) + search(query), sent), operation.answer);
}

/** Asks for a path that the OpenAPI document does not have, with a schema for what it answers. */
export async function ask<Answer = undefined>(
  path: string,
  schema: z.ZodMiniType<Answer> | undefined,
  sent: Sent & { query?: Record<string, unknown>; json?: unknown } = {},
): Promise<Answered<Answer>> {
  const { query, json, ...rest } = sent;
  const withBody =
    json === undefined
      ? rest
      : {
          ...rest,
          body: JSON.stringify(json),
          headers: { "content-type": "application/json", ...rest.headers },
        };
  return answered(await send(path + search(query), withBody), schema);
}

async function answered<Answer>(
  response: Response,
  schema: z.ZodMiniType<Answer> | undefined,
): Promise<Answered<Answer>> {
  const header = (name: string) => response.headers.get(name) ?? undefined;
  const sequence = Number(header("x-planetstore-sequence"));
  const traced = {
    requestId: header("x-request-id") ?? header("x-amz-request-id"),
    sequence: sequence > 0 ? sequence : undefined,
  };
  if (schema === undefined) return { answer: undefined as Answer, ...traced };
  return { answer: z.parse(schema, await response.json()), ...traced };
}

function filled(path: string, values: Record<string, string> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

/** The query string of values; those that are absent or empty are left out. */
export function search(values: Record<string, unknown> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
