/** Uploads by S3 at the console's own origin. */
import { Refused, refusalOf, send, Unreachable } from "../http";
import { objectAddress, type Query } from "../s3/address";
import { readXml, writeXml } from "../s3/xml";
import { accessToken, renewAccess } from "../session";
import type { Clock, Part, Sent, Target, Told, Transport } from "./transport";

/** After this without a byte sent or an answer, a request is given up and sent again, in milliseconds. */
const SILENCE_MS = 60_000;

const at = ({ bucket, key }: Target, query?: Query) => objectAddress(bucket, key, query);

/** Sends a body with `XMLHttpRequest`: `fetch` does not say how much it has sent. */
async function upload(
  address: string,
  body: Blob,
  headers: Record<string, string>,
  told: Told,
): Promise<Sent> {
  let response = await attempt(address, body, headers, told, accessToken());
  if (response.status === 401) {
    const renewed = await renewAccess();
    if (renewed !== undefined) response = await attempt(address, body, headers, told, renewed);
  }
  if (!response.ok) throw await refusalOf(response);
  return {
    etag: response.headers.get("etag") ?? "",
    requestId: response.headers.get("x-amz-request-id") ?? undefined,
  };
}

function attempt(
  address: string,
  body: Blob,
  headers: Record<string, string>,
  { onProgress, signal }: Told,
  token: string | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence: ReturnType<typeof setTimeout>;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const end = () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    };
    const stop = () => request.abort();
    request.open("PUT", address);
    request.setRequestHeader("x-planetstore-request", "console");
    if (token !== undefined) request.setRequestHeader("authorization", `Bearer ${token}`);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      listen();
      onProgress(Math.min(loaded, body.size));
    };
    request.onload = () => {
      end();
      resolve(responseOf(request));
    };
    request.onerror = () => {
      end();
      whyUnsent(body).then(reject);
    };
    request.onabort = () => {
      end();
      reject(signal.aborted ? new DOMException("The upload was stopped.", "AbortError") : new Unreachable());
    };
    signal.addEventListener("abort", stop);
    listen();
    request.send(body);
  });
}

/** A request fails alike if the store is gone and if the file is. */
async function whyUnsent(body: Blob): Promise<Error> {
  try {
    await body.slice(0, 1).arrayBuffer();
    return new Unreachable();
  } catch {
    return new Refused(0, "FileChanged", "The file was changed or removed since it was chosen.");
  }
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const isBodiless = request.status === 204 || request.status === 304;
  return new Response(isBodiless ? null : request.responseText, { status: request.status, headers });
}

const ONLY_NEW = { "if-none-match": "*" };

export const s3Transport: Transport = {
  async exists(target, signal) {
    const response = await send(at(target), { method: "HEAD", signal, rawRefusal: true });
    if (response.ok) return true;
    // Who may write but not read learns it when the upload is completed.
    if (response.status === 404 || response.status === 403) return false;
    throw new Refused(response.status, String(response.status), `The store answered ${response.status}.`);
  },

  put(target, body, isNew, told) {
    return upload(at(target), body, { "content-type": target.type, ...(isNew ? ONLY_NEW : {}) }, told);
  },

  async begin(target, signal) {
    const headers = { "content-type": target.type };
    const response = await send(at(target, { uploads: "" }), { method: "POST", headers, signal });
    return readXml(await response.text(), "InitiateMultipartUploadResult").need("UploadId");
  },

  part(target, uploadId, partNumber, body, told) {
    return upload(at(target, { partNumber, uploadId }), body, {}, told);
  },

  async complete(target, uploadId, parts: readonly Part[], isNew, signal) {
    const body = writeXml("CompleteMultipartUpload", {
      Part: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
    });
    const headers = { "content-type": "application/xml", ...(isNew ? ONLY_NEW : {}) };
    const response = await send(at(target, { uploadId }), { method: "POST", body, headers, signal });
    const requestId = response.headers.get("x-amz-request-id") ?? undefined;
    const text = await response.text();
    // An upload may fail after it was answered with 200.
    if (/<Error>/.test(text)) throw await refusalOf(new Response(text, { status: 500 }));
    return { etag: readXml(text, "CompleteMultipartUploadResult").text("ETag") ?? "", requestId };
  },

  async abort(target, uploadId) {
    // Lifecycle rules clean up what this could not.
    await send(at(target, { uploadId }), { method: "DELETE" }).catch(() => undefined);
  },
};

export const clock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};
