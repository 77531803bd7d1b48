/** S3 through the console's own origin, under the rights of the session: the same verbs and checks as at the S3 address. */
import { search } from "./call";
import { send } from "./http";

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly bucket: string;
  readonly key?: string;
  /** Sub-resources have an empty value: `{ versioning: "" }`. */
  readonly query?: Record<string, string | number | undefined>;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal;
  /** Whether the answer is wanted although it is a refusal, as for settings that a bucket does not have. */
  readonly rawRefusal?: boolean;
}

export interface S3Answer {
  readonly response: Response;
  /** The id by which the event names the request. */
  readonly requestId?: string;
}

/** The path of a bucket or an object. Slashes of a key stay slashes. */
export function s3Path(bucket: string, key?: string): string {
  const path = key === undefined ? "" : `/${key.split("/").map(encodeURIComponent).join("/")}`;
  return `/api/v1/s3/${encodeURIComponent(bucket)}${path}`;
}

export async function s3({ method, bucket, key, query = {}, ...sent }: S3Request): Promise<S3Answer> {
  const subresources = Object.entries(query).filter(([, value]) => value === "");
  const values = search(Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "")));
  const names = subresources.map(([name]) => name).join("&");
  const text = names === "" ? values : `?${names}${values === "" ? "" : `&${values.slice(1)}`}`;
  const response = await send(`${s3Path(bucket, key)}${text}`, { method, ...sent });
  return { response, requestId: response.headers.get("x-amz-request-id") ?? undefined };
}

/** The document of an answer. */
export async function s3Xml(request: S3Request): Promise<Document> {
  const { response } = await s3(request);
  return new DOMParser().parseFromString(await response.text(), "application/xml");
}

/** The text of the first element of a name. */
export function xmlText(of: Document | Element, name: string): string | undefined {
  return of.getElementsByTagName(name)[0]?.textContent ?? undefined;
}
