import { Download, FolderPlus, FolderUp, Link2, RotateCcw, Trash2, Upload, X } from "lucide-react";
import { useRef } from "react";
import { useChange } from "@/data/change";
import { download } from "@/data/s3/links";
import { deleteMany } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { takeChosen, uploadFiles } from "@/data/transfers";
import { Button, IconButton } from "@/parts/button";
import { Switch } from "@/parts/field";
import { bytes, count, plural } from "@/parts/format";
import { Menu } from "@/parts/menu";
import { useActions } from "@/parts/palette/actions";
import { explain } from "@/parts/states";
import { complain } from "@/parts/toast/announce";
import type { Asked } from "./page";
import type { Chosen } from "./rows";

export interface ToolbarProps {
  readonly bucket: string;
  readonly folder: string;
  readonly selected: Chosen;
  readonly isVersioned: boolean;
  readonly mayReplace: boolean;
  readonly hasDeleted: boolean;
  readonly onDeleted: (is: boolean) => void;
  readonly onAsk: (asked: Asked) => void;
  readonly onNone: () => void;
}

/** What can be done here, or with what is selected. */
export function Toolbar(props: ToolbarProps) {
  const { objects, folders, deleted } = props.selected;
  const isSelected = objects.length + folders.length + deleted.length > 0;
  return isSelected ? <ForSelected {...props} /> : <ForFolder {...props} />;
}

function ForFolder({ bucket, folder, isVersioned, mayReplace, hasDeleted, onDeleted, onAsk }: ToolbarProps) {
  const files = useRef<HTMLInputElement>(null);
  const folders = useRef<HTMLInputElement>(null);
  useActions([
    { title: `Upload files to ${bucket}/${folder}`, run: () => files.current?.click() },
    { title: "Upload a folder", run: () => folders.current?.click() },
    { title: "Create a folder", run: () => onAsk("folder") },
  ]);
  const take = (input: HTMLInputElement) => {
    if (input.files !== null) void uploadFiles(bucket, folder, takeChosen(input.files), mayReplace);
    input.value = "";
  };
  return (
    <div className="flex items-center gap-2">
      {isVersioned && <Switch label="Deleted too" isOn={hasDeleted} onChange={onDeleted} />}
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => take(event.target)}
      />
      <input
        ref={folders}
        type="file"
        hidden
        aria-label="Folder to upload"
        {...{ webkitdirectory: "" }}
        onChange={(event) => take(event.target)}
      />
      <IconButton label="Create a folder" icon={FolderPlus} look="plain" onClick={() => onAsk("folder")} />
      <Menu
        trigger={
          <Button icon={Upload} look="primary">
            Upload
          </Button>
        }
        groups={[
          [
            { label: "Files", icon: Upload, onSelect: () => files.current?.click() },
            { label: "Folder", icon: FolderUp, onSelect: () => folders.current?.click() },
          ],
        ]}
      />
    </div>
  );
}

function ForSelected({ bucket, selected, onAsk, onNone }: ToolbarProps) {
  const { objects, folders, deleted } = selected;
  const restore = useChange({
    run: () =>
      deleteMany(
        bucket,
        deleted.map(({ key, markerId }) => ({ key, versionId: markerId })),
      ),
    done: (refused) =>
      refused.length === 0
        ? `Restored ${plural(deleted.length, "object")}.`
        : `Restored ${deleted.length - refused.length} of ${plural(deleted.length, "object")}.`,
    nouns: ["object", "bucket"],
  });
  const save = () =>
    download(objects.map(({ key }) => ({ bucket, key }))).catch((error: unknown) => complain(explain(error)));
  const has = objects.length + folders.length > 0;
  return (
    <div className="flex items-center gap-2">
      <span className="text-table whitespace-nowrap text-muted tabular-nums">
        {count(objects.length + folders.length + deleted.length)} selected
        {objects.length > 0 && ` · ${bytes(selected.bytes)}`}
      </span>
      {deleted.length > 0 && (
        <Button
          icon={RotateCcw}
          isBusy={restore.isPending}
          onClick={() =>
            restore.mutate(undefined, {
              onSuccess: () => {
                onNone();
                void refreshBucket(bucket);
              },
              onError: (error) => complain(explain(error)),
            })
          }
        >
          Restore
        </Button>
      )}
      {objects.length > 0 && folders.length === 0 && (
        <Button icon={Download} onClick={() => void save()}>
          Download
        </Button>
      )}
      {objects.length === 1 && folders.length === 0 && (
        <Button icon={Link2} onClick={() => onAsk("share")}>
          Share
        </Button>
      )}
      {has && (
        <Button icon={Trash2} look="danger" onClick={() => onAsk("delete")}>
          Delete
        </Button>
      )}
      <IconButton label="Select nothing" icon={X} onClick={onNone} />
    </div>
  );
}
