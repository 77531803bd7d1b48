import { Upload } from "lucide-react";
import { type DragEvent, type ReactNode, useState } from "react";
import { FILES_MAX, takeDropped, uploadFiles } from "@/data/transfers";
import { plural } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { complain } from "@/parts/toast/announce";

/** Takes files and folders that are dropped on it. */
export function DropArea({
  bucket,
  prefix,
  mayReplace,
  children,
}: {
  bucket: string;
  prefix: string;
  mayReplace: boolean;
  children: ReactNode;
}) {
  const [isOver, setOver] = useState(false);
  const [isReading, setReading] = useState(false);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons of the toolbar do the same by keyboard.
    <div
      className="relative flex min-h-0 flex-1 flex-col"
      onDragEnter={(event) => hasFiles(event) && setOver(true)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        setReading(true);
        takeDropped(event.dataTransfer)
          .then(
            (dropped) => {
              if (dropped.length > FILES_MAX)
                complain(
                  `At most ${plural(FILES_MAX, "file")} are taken at a time. The others are left out.`,
                );
              void uploadFiles(bucket, prefix, dropped.slice(0, FILES_MAX), mayReplace);
            },
            () => complain("The dropped files could not be read."),
          )
          .finally(() => setReading(false));
      }}
    >
      {children}
      {/* A browser reads the folders of a large tree one by one before the first file is known. */}
      {isReading && !isOver && (
        <p role="status" className="border-b border-line px-4 py-2 text-table text-muted lg:px-6">
          Reading the dropped folders
        </p>
      )}
      {isOver && (
        <div className="pointer-events-none absolute inset-2 z-20 flex items-center justify-center rounded-lg border-2 border-dashed border-accent bg-surface/90">
          <p className="flex min-w-0 items-center gap-2 px-6 text-lg font-medium">
            <Upload size={20} aria-hidden className="shrink-0" />
            <span className="shrink-0">Upload to</span>
            <span className="name truncate">
              <KeyText name={`${bucket}/${prefix}`} />
            </span>
          </p>
        </div>
      )}
    </div>
  );
}
