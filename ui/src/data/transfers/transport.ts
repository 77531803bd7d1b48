/** What an upload asks of the store. Tests put another one in its place. */

export interface Sent {
  readonly etag: string;
  readonly requestId?: string;
}

/** Where an object is uploaded to. */
export interface Target {
  readonly bucket: string;
  readonly key: string;
  readonly type: string;
}

export interface Part {
  readonly number: number;
  readonly etag: string;
}

export interface Transport {
  /** Whether there is an object already. */
  exists(target: Target, signal: AbortSignal): Promise<boolean>;
  /** Sends an object in one piece; refused with 412 if `isNew` and there is one already. */
  put(target: Target, body: Blob, isNew: boolean, told: Told): Promise<Sent>;
  /** Begins an upload in parts, and says its id. */
  begin(target: Target, signal: AbortSignal): Promise<string>;
  part(target: Target, uploadId: string, number: number, body: Blob, told: Told): Promise<Sent>;
  complete(
    target: Target,
    uploadId: string,
    parts: readonly Part[],
    isNew: boolean,
    signal: AbortSignal,
  ): Promise<Sent>;
  /** Throws away the parts that were sent. */
  abort(target: Target, uploadId: string): Promise<void>;
}

export interface Told {
  /** Bytes that were sent so far. */
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Time, which tests make pass as they like. */
export interface Clock {
  now(): number;
  /** Calls back once after so many milliseconds. What is returned ends it. */
  after(milliseconds: number, call: () => void): () => void;
}
