/** The uploads of this tab. They go on while the person looks at other pages. */
import { useSyncExternalStore } from "react";
import { plural } from "@/parts/format";
import { announce } from "@/parts/toast/announce";
import { becomes, before } from "../becomes";
import { queries } from "../client";
import { onSession, sessionState } from "../session";
import type { Dropped } from "./dropped";
import { type Batch, TransferQueue } from "./queue";
import { clock, s3Transport } from "./s3";
import type { Transfer } from "./transfer";
import { typeOf } from "./types";

export { type Dropped, FILES_MAX, takeChosen, takeDropped } from "./dropped";
export { type Totals, totalsOf } from "./queue";
export { type Phase, sentOf, type Transfer } from "./transfer";

/** Files that are taken in one task of the page. */
const FILES_AT_ONCE = 100;

/** Events that are looked for at a time. Of many small files, not every one is. */
const LOOKED_FOR_MAX = 4;

export const transfers = new TransferQueue(s3Transport, clock);
const begun = new Map<number, number>();
let lookedFor = 0;

transfers.onDone = (transfer) => {
  if (lookedFor >= LOOKED_FOR_MAX) return;
  lookedFor += 1;
  eventOf(transfer).then(
    (event) => {
      transfer.event = event;
      lookedFor -= 1;
    },
    () => {
      lookedFor -= 1;
    },
  );
};

function eventOf({ requestId, batch }: Transfer) {
  return becomes({ requestId, before: begun.get(batch) ?? before() });
}

transfers.onBatch = (batch: Batch) => {
  const { last, bucket, done, failed } = batch;
  if (last !== undefined) {
    const what = done === 1 && failed === 0 ? last.target.key : plural(done, "file");
    announce(`Uploaded ${what} to ${bucket}.`, eventOf(last));
  }
  begun.delete(batch.id);
  void queries.invalidateQueries({ queryKey: ["s3"] });
};

let user = sessionState().user;
onSession(() => {
  const now = sessionState();
  if (now.phase === "out") transfers.pauseAll();
  // What one person chose is never sent in the name of another.
  if (now.phase === "in" && user !== undefined && now.user !== user) transfers.forget();
  if (now.phase === "in") user = now.user;
});

globalThis.addEventListener?.("beforeunload", (event) => {
  if (transfers.isBusy()) event.preventDefault();
});

/** Uploads files below a prefix. Of very many, some are taken at a time: what a browser knows of a file takes it a while. */
export async function uploadFiles(
  bucket: string,
  prefix: string,
  dropped: readonly Dropped[],
  mayReplace: boolean,
): Promise<void> {
  if (dropped.length === 0) return;
  const batch = transfers.begin(bucket, dropped.length);
  begun.set(batch, before());
  for (let from = 0; from < dropped.length; from += FILES_AT_ONCE) {
    if (from > 0) await nextTask();
    const some = dropped.slice(from, from + FILES_AT_ONCE).map(({ path, file }) => ({
      target: { bucket, key: prefix + path, type: typeOf(file.name, file.type) },
      body: file,
    }));
    if (!transfers.extend(batch, some, mayReplace)) return;
  }
}

/** Waits for another task. Timers of a tab that is not looked at come once a minute. */
function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** The uploads, for who shows them. */
export function useTransfers(): TransferQueue {
  useSyncExternalStore(transfers.listen, () => transfers.version);
  return transfers;
}
