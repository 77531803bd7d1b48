import { useState } from "react";
import { useChange } from "@/data/change";
import { type Access, BLOCKS, type PublicBlock, putPublicBlock } from "@/data/s3/settings";
import { Button } from "@/parts/button";
import { Checkbox } from "@/parts/field";
import { Refusal } from "./card";

const BLOCK_WORDS: Record<(typeof BLOCKS)[number], string> = {
  BlockPublicPolicy: "Refuse policies that make it public",
  RestrictPublicBuckets: "Ignore a public policy for everyone but the bucket's owner",
  BlockPublicAcls: "Refuse public ACLs",
  IgnorePublicAcls: "Ignore public ACLs",
};

/** What is refused or ignored of what would make a bucket public. */
export function PublicBlocks({ bucket, access }: { bucket: string; access: Access }) {
  const [block, setBlock] = useState<PublicBlock>(access.block);
  const change = useChange({
    run: () => putPublicBlock(bucket, block),
    done: () => `Changed the public access block of ${bucket}.`,
    nouns: ["bucket"],
  });
  const isSame = BLOCKS.every((name) => block[name] === access.block[name]);
  return (
    <fieldset className="flex flex-col gap-1.5 border-t border-line pt-3">
      <legend className="sr-only">Public access</legend>
      {(Object.keys(BLOCK_WORDS) as (typeof BLOCKS)[number][]).map((name) => (
        <Checkbox
          key={name}
          label={BLOCK_WORDS[name]}
          isChecked={block[name]}
          onChange={(is) => setBlock({ ...block, [name]: is })}
        />
      ))}
      {!isSame && (
        <div className="flex gap-2">
          <Button isSmall look="primary" isBusy={change.isPending} onClick={() => change.mutate(undefined)}>
            Save public access
          </Button>
          <Button isSmall onClick={() => setBlock(access.block)}>
            Cancel
          </Button>
        </div>
      )}
      <Refusal error={change.error} />
    </fieldset>
  );
}
