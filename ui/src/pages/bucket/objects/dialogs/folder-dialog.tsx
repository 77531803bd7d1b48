import { useState } from "react";
import { useChange } from "@/data/change";
import { createFolder } from "@/data/s3/object";
import { refreshBucket } from "@/data/s3/remove";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Input } from "@/parts/field";

/** Makes a folder: an empty object whose key ends with a slash. */
export function FolderDialog({
  bucket,
  folder,
  isOpen,
  onClose,
  onMade,
}: {
  bucket: string;
  folder: string;
  isOpen: boolean;
  onClose: () => void;
  onMade: (prefix: string) => void;
}) {
  const [name, setName] = useState("");
  const wanted = `${folder}${name.replace(/^\/+|\/+$/g, "")}/`;
  const create = useChange({
    run: () => createFolder(bucket, wanted),
    done: () => `Created the folder ${wanted}.`,
    nouns: ["object", "bucket"],
  });
  return (
    <Dialog
      title="Create a folder"
      about="Folders are prefixes of keys. An empty folder is stored as an empty object whose key ends with a slash."
      isOpen={isOpen}
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(undefined, {
            onSuccess: () => {
              setName("");
              void refreshBucket(bucket);
              onClose();
              onMade(wanted);
            },
          });
        }}
      >
        <Field label="Name" hint="A slash separates a folder from the folder inside it.">
          {(control) => (
            <Input {...control} isMono value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <DialogActions error={create.error}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isBusy={create.isPending} disabled={/^\/*$/.test(name)}>
            Create folder
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
