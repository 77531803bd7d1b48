import { useState } from "react";
import { type Link, type NewLink, type ReplicatedTo, useAddLink } from "@/data/replication";
import { Button } from "@/parts/button";
import { Code } from "@/parts/copy";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Checkbox, Field, Input } from "@/parts/field";
import { plural } from "@/parts/format";
import { Notice } from "@/parts/states";

interface Given {
  links?: readonly Link[];
  ways?: readonly ReplicatedTo[];
  onClose: () => void;
}

export function AddLink({ isOpen, ...given }: Given & { isOpen: boolean }) {
  return (
    <Dialog
      title="Add a link to another region"
      about="A link is the S3 address of another region and a key of a user there. The secret key is kept sealed."
      isOpen={isOpen}
      onClose={given.onClose}
    >
      {isOpen && <Form {...given} />}
    </Dialog>
  );
}

const EMPTY: Required<NewLink> = {
  name: "",
  url: "",
  access_key: "",
  secret_key: "",
  shares_identities: false,
};

/** What is written into a field. */
type Written = Exclude<keyof NewLink, "shares_identities">;

function Form({ links = [], ways = [], onClose }: Given) {
  const [link, setLink] = useState(EMPTY);
  const add = useAddLink();
  const text = (field: Written) => ({
    required: true,
    value: link[field],
    onChange: (event: { target: { value: string } }) => setLink({ ...link, [field]: event.target.value }),
  });
  const unnamed = links.length === 1 ? ways.filter(({ destination }) => !destination.region).length : 0;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = {
          ...link,
          name: link.name.trim(),
          url: link.url.trim(),
          access_key: link.access_key.trim(),
        };
        if (!add.isPending) add.mutate(wanted, { onSuccess: onClose });
      }}
    >
      <Field label="Region" hint="The name of the region that it leads to. ARNs of destinations name it.">
        {(control) => <Input {...control} {...text("name")} isMono autoFocus placeholder="us-west-2" />}
      </Field>
      <Field label="URL" hint="The S3 address there, with https:// unless it is an address of this host.">
        {(control) => (
          <Input
            {...control}
            {...text("url")}
            isMono
            inputMode="url"
            placeholder="https://s3.us-west-2.example.com"
          />
        )}
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Access key id">
          {(control) => <Input {...control} {...text("access_key")} isMono />}
        </Field>
        <Field label="Secret key">
          {(control) => (
            <Input {...control} {...text("secret_key")} isMono type="password" autoComplete="new-password" />
          )}
        </Field>
      </div>
      <Checkbox
        label="Share users, keys, groups and policies"
        isChecked={link.shares_identities}
        onChange={(shares_identities) => setLink({ ...link, shares_identities })}
      />
      <Rights sharesIdentities={link.shares_identities} />
      {unnamed > 0 && (
        <Notice tone="warning">
          The rules of {plural(unnamed, "destination")} name no region, which means the only link there is.
          With a second link they wait until they name one.
        </Notice>
      )}
      <DialogActions error={add.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={add.isPending}>
          Add link
        </Button>
      </DialogActions>
    </form>
  );
}

const OF_OBJECTS = `{
    "Effect": "Allow",
    "Action": ["s3:ReplicateObject", "s3:ReplicateDelete",
               "s3:ReplicateTags"],
    "Resource": ["arn:aws:s3:::BUCKET/*"]
  }`;

const OF_IDENTITIES = `{
    "Effect": "Allow",
    "Action": "planetstore:ReplicateIdentities",
    "Resource": "arn:aws:admin:::region"
  }`;

const policy = (statements: readonly string[]) => `{
  "Version": "2012-10-17",
  "Statement": [${statements.join(", ")}]
}`;

/** What the user of the other region needs. */
function Rights({ sharesIdentities }: { sharesIdentities: boolean }) {
  return (
    <div className="flex flex-col gap-2 text-table text-muted">
      <p>
        The user there needs three rights on the buckets that receive replicas, and no others:{" "}
        <span className="mono text-text">s3:ReplicateObject</span>,{" "}
        <span className="mono text-text">s3:ReplicateDelete</span> and{" "}
        <span className="mono text-text">s3:ReplicateTags</span>. Whoever may set the replication of a bucket
        here can send to every bucket that this key may write to there.
      </p>
      {sharesIdentities && (
        <p>
          To share users, the region must be yours. The user there also needs{" "}
          <span className="mono text-text">planetstore:ReplicateIdentities</span> on{" "}
          <span className="mono text-text">arn:aws:admin:::region</span>, and can then make administrators.
        </p>
      )}
      <Code label="The policy of that user, in the other region">
        {policy(sharesIdentities ? [OF_OBJECTS, OF_IDENTITIES] : [OF_OBJECTS])}
      </Code>
    </div>
  );
}
