import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { bucketQuery, useSetQuota, WARNING_SHARE } from "@/data/buckets";
import type { Bucket, Quota } from "@/generated/api";
import { Button } from "@/parts/button";
import { cx } from "@/parts/class";
import { Field, Input } from "@/parts/field";
import { bytes, count, percent, plural } from "@/parts/format";
import { Asked, Card, Refusal } from "./card";
import { parseSize, sizeText } from "./size";

export function QuotaCard({ bucket }: { bucket: string }) {
  const query = useQuery(bucketQuery(bucket));
  return (
    <Card
      id="quota"
      title="Quota"
      about="The maximum size of the bucket. It counts all versions, as clients see them."
    >
      <Asked query={query}>
        {(found) => (
          <>
            <Used bucket={found} />
            <QuotaForm key={JSON.stringify(found.quota)} bucket={bucket} quota={found.quota} />
          </>
        )}
      </Asked>
    </Card>
  );
}

function Used({ bucket: { usage, quota } }: { bucket: Bucket }) {
  return (
    <div className="flex max-w-xl flex-col gap-2 text-table">
      <Bar
        text={`${bytes(usage.bytes)}${quota.bytes ? ` of ${bytes(quota.bytes)}` : ", no limit"}`}
        used={usage.bytes}
        limit={quota.bytes}
      />
      <Bar
        text={`${plural(usage.objects, "version")}${quota.objects ? ` of ${count(quota.objects)}` : ", no limit"}`}
        used={usage.objects}
        limit={quota.objects}
      />
    </div>
  );
}

function Bar({ text, used, limit }: { text: string; used: number; limit?: number | null }) {
  const share = limit === undefined || limit === null ? undefined : limit === 0 ? 1 : used / limit;
  return (
    <div>
      <p className="flex justify-between tabular-nums">
        {text}
        <span
          className={cx(
            "text-muted",
            share !== undefined && share >= WARNING_SHARE && "font-medium !text-warning",
          )}
        >
          {share === undefined ? "" : percent(used, limit ?? 0)}
        </span>
      </p>
      {share !== undefined && (
        <div className="mt-1 h-1.5 overflow-hidden rounded-full bg-hover" aria-hidden>
          <div
            className={cx(
              "h-full",
              share >= 1 ? "bg-danger" : share >= WARNING_SHARE ? "bg-warning" : "bg-accent",
            )}
            style={{ width: `${Math.min(1, share) * 100}%` }}
          />
        </div>
      )}
    </div>
  );
}

function QuotaForm({ bucket, quota }: { bucket: string; quota: Quota }) {
  const before = {
    bytes: quota.bytes === undefined || quota.bytes === null ? "" : sizeText(quota.bytes),
    objects: quota.objects === undefined || quota.objects === null ? "" : String(quota.objects),
  };
  const [size, setSize] = useState(before.bytes);
  const [objects, setObjects] = useState(before.objects);
  const change = useSetQuota();
  const wantedBytes = size.trim() === "" ? null : parseSize(size);
  const isCount = /^[\d,]*$/.test(objects.trim());
  const isSame = size === before.bytes && objects === before.objects;
  return (
    <form
      className="flex flex-wrap items-start gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        const number = objects.replaceAll(",", "").trim();
        change.mutate({
          bucket,
          bytes: wantedBytes ?? undefined,
          objects: number === "" ? undefined : Number(number),
        });
      }}
    >
      <Field
        label="Bytes"
        hint="Such as 10 GiB. Leave it empty for no limit."
        error={wantedBytes === undefined ? "Write a number with a unit, such as 10 GiB." : undefined}
      >
        {(control) => (
          <Input
            {...control}
            isMono
            className="!w-44"
            value={size}
            onChange={(event) => setSize(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Versions"
        hint="Leave it empty for no limit."
        error={isCount ? undefined : "Write a number."}
      >
        {(control) => (
          <Input
            {...control}
            isMono
            className="!w-36"
            inputMode="numeric"
            value={objects}
            onChange={(event) => setObjects(event.target.value)}
          />
        )}
      </Field>
      <Button
        type="submit"
        look="primary"
        className="mt-6"
        isBusy={change.isPending}
        disabled={isSame || wantedBytes === undefined || !isCount}
      >
        Set quota
      </Button>
      <div className="basis-full">
        <Refusal error={change.error} />
      </div>
    </form>
  );
}
