/** Addresses that work without the session's token: for tags of the page, for downloads, and for other people. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "../call";
import type { At } from "./object";

const Ticket = z.object({ url: z.string(), expires: z.string() });
const Presigned = z.object({ url: z.string(), expires: z.string(), access_key: z.optional(z.string()) });
export type Presigned = z.infer<typeof Presigned>;

/** A ticket is asked for anew this long before its end. */
const EARLY_MS = 5 * 60_000;

/** The address of an object for a tag of this page, or for a download. It ends with the session. */
export async function ticket(at: At, disposition: "attachment" | "inline", signal?: AbortSignal) {
  const json = { bucket: at.bucket, key: at.key, version_id: at.versionId, disposition };
  const { answer } = await ask("/api/v1/tickets", Ticket, { method: "POST", json, signal });
  // Whatever the store says, a preview is never loaded from anywhere else.
  if (!answer.url.startsWith("/objects/")) throw new Error("a ticket leads elsewhere");
  return answer;
}

export function previewQuery(at: At, etag: string) {
  return queryOptions({
    queryKey: ["s3", "ticket", at.bucket, at.key, at.versionId ?? null, etag],
    queryFn: ({ signal }) => ticket(at, "inline", signal),
    staleTime: ({ state }) =>
      state.data ? Math.max(0, Date.parse(state.data.expires) - Date.now() - EARLY_MS) : 0,
    gcTime: 60_000,
  });
}

/** A link that works for whoever has it, until it expires. */
export function presign(at: At, seconds: number) {
  const json = {
    method: "GET",
    bucket: at.bucket,
    key: at.key,
    version_id: at.versionId,
    expires_seconds: seconds,
  };
  return ask("/api/v1/presign", Presigned, { method: "POST", json });
}

/** Saves objects as files, one after the other. The browser streams them to its disk. */
export async function download(objects: readonly At[]): Promise<void> {
  for (const at of objects) {
    const { url } = await ticket(at, "attachment");
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
  }
}
