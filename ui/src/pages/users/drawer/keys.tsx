import { useQuery } from "@tanstack/react-query";
import { Ban, Play, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Key, keysQuery, useChangeKey, useDeleteKey } from "@/data/keys";
import { State } from "@/parts/badge";
import { Button, IconButton } from "@/parts/button";
import { CopyButton } from "@/parts/copy";
import { ConfirmDialog } from "@/parts/dialog";
import { explain, Skeleton } from "@/parts/states";
import { Ago, useNow } from "@/parts/time";
import { CreateKey } from "./create-key";

/** The S3 keys of a user. */
export function Keys({ user, isRoot }: { user: string; isRoot: boolean }) {
  const query = useQuery(keysQuery(user));
  const [isCreating, setCreating] = useState(false);
  const [removed, setRemoved] = useState<string>();
  const change = useChangeKey();
  const remove = useDeleteKey();
  const error = query.error ?? change.error;
  const close = () => {
    remove.reset();
    setRemoved(undefined);
  };
  return (
    <section aria-label="S3 keys">
      <div className="mb-1 flex min-h-7 items-center justify-between">
        <h2 className="text-xs font-medium text-muted">S3 keys</h2>
        {!isRoot && (
          <Button isSmall icon={Plus} onClick={() => setCreating(true)}>
            Create key
          </Button>
        )}
      </div>
      {query.isPending && <Skeleton className="h-7 w-full" />}
      {query.data?.length === 0 && (
        <p className="text-table text-muted">
          {isRoot
            ? "Root has the key that is set when the store starts, and no others."
            : "The user has no keys and cannot use S3."}
        </p>
      )}
      <ul>
        {query.data?.map((key) => (
          <KeyRow
            key={key.access_key}
            value={key}
            isBusy={change.isPending && change.variables?.key === key.access_key}
            onEnable={(enabled) => change.mutate({ user, key: key.access_key, enabled })}
            onDelete={() => setRemoved(key.access_key)}
          />
        ))}
      </ul>
      {error && (
        <p className="text-xs text-danger" role="alert">
          {explain(error)}
        </p>
      )}
      <CreateKey user={user} isOpen={isCreating} onClose={() => setCreating(false)} />
      <ConfirmDialog
        title="Delete a key"
        action="Delete key"
        isOpen={removed !== undefined}
        isBusy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => removed && remove.mutate({ user, key: removed }, { onSuccess: close })}
      >
        <p>
          Programs that use <span className="name font-medium">{removed}</span> are refused from now on. A
          deleted key cannot be restored.
        </p>
      </ConfirmDialog>
    </section>
  );
}

function KeyRow({
  value: { access_key, enabled, expires, created },
  isBusy,
  onEnable,
  onDelete,
}: {
  value: Key;
  isBusy: boolean;
  onEnable: (enabled: boolean) => void;
  onDelete: () => void;
}) {
  const isOver = useNow((now) => Number(expires != null && Date.parse(expires) <= now)) === 1;
  return (
    <li className="flex items-center gap-1 border-t border-line py-1 text-table">
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-1">
          <span className="name truncate">{access_key}</span>
          <CopyButton text={access_key} label={`Copy ${access_key}`} />
        </span>
        <span className="flex flex-wrap items-center gap-x-3 text-xs text-muted">
          <State tone={isOver || !enabled ? "warning" : "ok"} className="!text-xs">
            {isOver ? "expired" : enabled ? "enabled" : "disabled"}
          </State>
          <span>
            made <Ago time={created} />
          </span>
          {expires && !isOver && (
            <span>
              ends <Ago time={expires} />
            </span>
          )}
        </span>
      </span>
      <IconButton
        label={`${enabled ? "Disable" : "Enable"} ${access_key}`}
        icon={enabled ? Ban : Play}
        className="!size-7"
        disabled={isBusy}
        onClick={() => onEnable(!enabled)}
      />
      <IconButton label={`Delete ${access_key}`} icon={Trash2} className="!size-7" onClick={onDelete} />
    </li>
  );
}
