import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download, History, Link2, MoreHorizontal, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { lockQuery } from "@/data/bucket";
import { useChange } from "@/data/change";
import { Refused } from "@/data/http";
import { hasAddress } from "@/data/s3/address";
import { download } from "@/data/s3/links";
import { type At, headQuery, restoreVersion } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { IconButton } from "@/parts/button";
import { CopyButton } from "@/parts/copy";
import { Drawer } from "@/parts/drawer";
import { visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { QUIET_LINK } from "@/parts/link";
import { Menu } from "@/parts/menu";
import { explain, Notice, SkeletonRows } from "@/parts/states";
import { complain } from "@/parts/toast/announce";
import { folderOf, nameIn } from "../crumbs";
import { DeleteVersion } from "../dialogs/delete-version";
import { ShareDialog } from "../dialogs/share-dialog";
import { Preview } from "../preview/preview";
import { ObjectFacts } from "./facts";
import { LockSection } from "./lock";
import { MetadataSection } from "./metadata";
import { TagsSection } from "./tags";
import { VersionsSection } from "./versions";

/** All about one object, or one version of it. */
export function ObjectDrawer({
  at,
  isVersioned,
  onClose,
}: {
  at: At;
  isVersioned: boolean;
  onClose: () => void;
}) {
  const canAsk = hasAddress(at.key);
  const head = useQuery({ ...headQuery(at), enabled: canAsk });
  // Only buckets with versions have a lock, and others refuse the question.
  const lock = useQuery({ ...lockQuery(at.bucket), enabled: isVersioned });
  const [asked, setAsked] = useState<"share" | "delete">();
  const name = nameIn(at.key, folderOf(at.key)) || at.key;
  const isGone = head.error instanceof Refused && head.error.status === 404;
  // The last answer is kept after a failure; of what is gone it would show what cannot be asked for any more.
  const shown = isGone ? undefined : head.data;
  return (
    <Drawer
      label={`Object ${at.key}`}
      title={
        <h2 className="flex min-w-0 items-center gap-1">
          <span className="name truncate text-sm font-semibold" title={visible(at.key)}>
            <KeyText name={name} />
          </span>
          <CopyButton text={`s3://${at.bucket}/${at.key}`} label="Copy the address" className="shrink-0" />
        </h2>
      }
      actions={shown && <Actions at={at} onAsk={setAsked} isOld={at.versionId !== undefined} />}
      onClose={onClose}
      className="!w-[min(34rem,100%)]"
    >
      {at.versionId !== undefined && <OldVersion at={at} />}
      {!canAsk && (
        <div className="p-4">
          <Notice tone="warning">
            A browser cannot send a request for this key. Other clients of S3 can; it can be deleted here.
          </Notice>
        </div>
      )}
      {head.isPending && canAsk && <SkeletonRows rows={8} />}
      {head.isError && (
        <div className="p-4">
          <Notice tone={isGone ? "notice" : "danger"}>{explain(head.error)}</Notice>
        </div>
      )}
      {shown && (
        <>
          <Preview at={at} head={shown} />
          <ObjectFacts at={at} head={shown} />
          <TagsSection at={at} />
          <MetadataSection at={at} head={shown} isVersioned={isVersioned} />
          {lock.data?.isOn && <LockSection at={at} head={shown} />}
        </>
      )}
      {isVersioned && <VersionsSection at={at} />}
      <ShareDialog at={at} isOpen={asked === "share"} onClose={() => setAsked(undefined)} />
      <DeleteVersion
        at={at}
        isVersioned={isVersioned}
        isOpen={asked === "delete"}
        onClose={() => setAsked(undefined)}
        onDone={onClose}
      />
    </Drawer>
  );
}

function Actions({
  at,
  isOld,
  onAsk,
}: {
  at: At;
  isOld: boolean;
  onAsk: (asked: "share" | "delete") => void;
}) {
  const navigate = useNavigate();
  const save = () => void download([at]).catch((error: unknown) => complain(explain(error)));
  const history = () =>
    void navigate({ to: "/events", search: { bucket: at.bucket, prefix: at.key, after: 0 } });
  return (
    <>
      <IconButton label="Download" icon={Download} onClick={save} />
      <IconButton label="Share a link" icon={Link2} onClick={() => onAsk("share")} />
      <Menu
        trigger={<IconButton label="More" icon={MoreHorizontal} />}
        groups={[
          [{ label: "Show its events", icon: History, onSelect: history }],
          [
            {
              label: isOld ? "Delete this version" : "Delete",
              icon: Trash2,
              isDangerous: true,
              onSelect: () => onAsk("delete"),
            },
          ],
        ]}
      />
    </>
  );
}

/** Says that this is not what readers get, and makes it so. */
function OldVersion({ at }: { at: At }) {
  const navigate = useNavigate();
  const current = () =>
    void navigate({ to: ".", search: (before: object) => ({ ...before, version: undefined }) });
  const restore = useChange({
    run: () => restoreVersion(at),
    done: () => `Made a version of ${at.key} the current one.`,
    nouns: ["object", "bucket"],
  });
  return (
    <div className="p-4 pb-0">
      <Notice tone="notice">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="min-w-0 flex-1">This is one version of the object.</span>
          <button type="button" className={`font-medium ${QUIET_LINK}`} onClick={current}>
            Show the current one
          </button>
          <button
            type="button"
            className={`flex items-center gap-1 font-medium ${QUIET_LINK}`}
            onClick={() =>
              restore.mutate(undefined, {
                onSuccess: () => {
                  void refreshBucket(at.bucket);
                  current();
                },
              })
            }
          >
            <RotateCcw size={14} aria-hidden />
            {restore.isPending ? "Restoring…" : "Restore it"}
          </button>
        </div>
        {restore.isError && <p className="mt-1 text-danger">{explain(restore.error)}</p>}
      </Notice>
    </div>
  );
}
