import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useChange } from "@/data/change";
import { kmsKeysQuery } from "@/data/kms-keys";
import { useMay } from "@/data/rights";
import { type DefaultEncryption, encryptionQuery, putEncryption } from "@/data/s3/settings";
import { Button } from "@/parts/button";
import { Field, Input, Select } from "@/parts/field";
import { Asked, Card, Refusal } from "./card";

export function EncryptionCard({ bucket }: { bucket: string }) {
  const query = useQuery(encryptionQuery(bucket));
  return (
    <Card
      id="encryption"
      title="Encryption"
      about="The encryption of objects whose writers specify none. Existing objects do not change."
    >
      <Asked query={query}>
        {(now) => <EncryptionForm key={JSON.stringify(now)} bucket={bucket} now={now} />}
      </Asked>
    </Card>
  );
}

/** The keys that there are, for whoever may see them. */
function KeyNames() {
  const may = useMay();
  const { data } = useInfiniteQuery({ ...kmsKeysQuery, enabled: may("listKmsKeys") });
  return (
    <datalist id="kms-keys">
      {data?.pages.flatMap(({ kms_keys }) =>
        kms_keys.filter(({ enabled }) => enabled).map(({ name }) => <option key={name} value={name} />),
      )}
    </datalist>
  );
}

function EncryptionForm({ bucket, now }: { bucket: string; now: DefaultEncryption }) {
  const [algorithm, setAlgorithm] = useState(now.algorithm);
  const [kmsKey, setKmsKey] = useState(now.kmsKey ?? "");
  const change = useChange({
    run: () => putEncryption(bucket, { algorithm, kmsKey }),
    done: () =>
      algorithm === "none"
        ? `Removed the default encryption of ${bucket}.`
        : `Set the default encryption of ${bucket}.`,
    nouns: ["bucket"],
  });
  const isSame = algorithm === now.algorithm && kmsKey === (now.kmsKey ?? "");
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(undefined);
      }}
    >
      <Field label="By default">
        {(control) => (
          <Select
            {...control}
            className="!w-72"
            value={algorithm}
            onChange={(event) => setAlgorithm(event.target.value as DefaultEncryption["algorithm"])}
          >
            <option value="none">Not encrypted</option>
            <option value="AES256">SSE-S3: with the master key</option>
            <option value="aws:kms">SSE-KMS: with a key of the key store</option>
          </Select>
        )}
      </Field>
      {algorithm === "aws:kms" && (
        <Field label="Key">
          {(control) => (
            <>
              <Input
                {...control}
                isMono
                className="!w-56"
                placeholder="aws/s3"
                list="kms-keys"
                value={kmsKey}
                onChange={(event) => setKmsKey(event.target.value)}
              />
              <KeyNames />
            </>
          )}
        </Field>
      )}
      <Button type="submit" look="primary" isBusy={change.isPending} disabled={isSame}>
        Set encryption
      </Button>
      <div className="basis-full empty:hidden">
        <Refusal error={change.error} />
      </div>
    </form>
  );
}
