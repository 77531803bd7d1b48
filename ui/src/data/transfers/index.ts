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

export { type Dropped, takeChosen, takeDropped } from "./dropped";
export { type Totals, totalsOf } from "./queue";
export { type Phase, sentOf, type Transfer } from "./transfer";

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

/** Uploads files below a prefix. */
export function uploadFiles(
  bucket: string,
  prefix: string,
  dropped: readonly Dropped[],
  mayReplace: boolean,
): void {
  const batch = transfers.add(
    bucket,
    dropped.map(({ path, file }) => ({
      target: { bucket, key: prefix + path, type: typeOf(file.name, file.type) },
      body: file,
    })),
    mayReplace,
  );
  if (batch !== undefined) begun.set(batch, before());
}

/** The uploads, for who shows them. */
export function useTransfers(): TransferQueue {
  useSyncExternalStore(transfers.listen, () => transfers.version);
  return transfers;
}
