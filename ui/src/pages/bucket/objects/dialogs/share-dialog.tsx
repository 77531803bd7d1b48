import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { presign } from "@/data/s3/links";
import type { At } from "@/data/s3/object";
import { Button } from "@/parts/button";
import { CopyButton } from "@/parts/copy";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Input } from "@/parts/field";
import { exactTime } from "@/parts/format";
import { LongText } from "@/parts/key-text";
import { Notice } from "@/parts/states";
import { Segments } from "@/parts/tabs";

const SPANS = {
  "900": "15 min",
  "3600": "1 hour",
  "86400": "1 day",
  "604800": "7 days",
} as const;
type Span = keyof typeof SPANS;
const OPTIONS = (Object.keys(SPANS) as Span[]).map((value) => ({ value, title: SPANS[value] }));

/** Makes a link to an object for people without an account. */
export function ShareDialog({
  at,
  isOpen,
  onClose,
}: {
  at: At | undefined;
  isOpen: boolean;
  onClose: () => void;
}) {
  return (
    <Dialog
      title="Share a link"
      about={at && <LongText text={at.key} />}
      isOpen={isOpen && at !== undefined}
      onClose={onClose}
    >
      {at && isOpen && <ShareForm at={at} onClose={onClose} />}
    </Dialog>
  );
}

function ShareForm({ at, onClose }: { at: At; onClose: () => void }) {
  const [span, setSpan] = useState<Span>("3600");
  const link = useMutation({ mutationFn: async () => (await presign(at, Number(span))).answer });
  const isInsecure = link.data?.url.startsWith("http:") ?? false;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        link.mutate();
      }}
      className="flex flex-col gap-3"
    >
      <div className="flex items-center justify-between gap-3">
        <span className="text-table font-medium">It works for</span>
        <Segments
          label="How long the link works"
          options={OPTIONS}
          value={span}
          onChange={(next) => {
            setSpan(next);
            link.reset();
          }}
        />
      </div>
      <Notice tone="warning">
        Whoever has the link can read this {at.versionId ? "version" : "object"} without a password until it
        expires. It cannot be taken back before, other than by ending the key that signed it.
      </Notice>
      {link.data && (
        <div className="flex flex-col gap-1.5" role="status">
          <div className="flex items-center gap-1">
            <Input
              isMono
              readOnly
              aria-label="The link"
              value={link.data.url}
              onFocus={(event) => event.target.select()}
            />
            <CopyButton text={link.data.url} label="Copy the link" />
          </div>
          <p className="text-xs text-muted">
            It expires at {exactTime(link.data.expires)}.
            {link.data.access_key && (
              <>
                {" "}
                It was signed with the key <span className="mono">{link.data.access_key}</span>, and ends with
                it.
              </>
            )}
            {isInsecure && " This store does not use TLS: the link can be read in transit."}
          </p>
        </div>
      )}
      <DialogActions error={link.error}>
        <Button onClick={onClose}>{link.data ? "Close" : "Cancel"}</Button>
        {!link.data && (
          <Button type="submit" look="primary" isBusy={link.isPending}>
            Create link
          </Button>
        )}
      </DialogActions>
    </form>
  );
}
