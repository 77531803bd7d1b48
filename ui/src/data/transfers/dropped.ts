/** The files of what was dropped on the page or chosen in a dialog, with their paths. */

export interface Dropped {
  readonly path: string;
  readonly file: File;
}

/** Files of a folder at most; more than this is for a program. */
export const FILES_MAX = 50_000;

/** Takes what was dropped. It has to be called at once: the browser forgets what was dropped after the event. */
export function takeDropped(data: DataTransfer): Promise<Dropped[]> {
  const entries = [...data.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? undefined);
  if (entries.every((entry) => entry === undefined)) {
    return Promise.resolve([...data.files].map((file) => ({ path: file.name, file })));
  }
  return walk(entries.filter((entry) => entry !== undefined));
}

async function walk(entries: readonly FileSystemEntry[]): Promise<Dropped[]> {
  const found: Dropped[] = [];
  const folders: FileSystemEntry[] = [...entries].reverse();
  for (let entry = folders.pop(); entry !== undefined; entry = folders.pop()) {
    // One more says that there are more.
    if (found.length > FILES_MAX) break;
    if (entry.isFile) {
      found.push({
        path: entry.fullPath.replace(/^\//, ""),
        file: await fileOf(entry as FileSystemFileEntry),
      });
    } else if (entry.isDirectory) {
      folders.push(...(await entriesOf(entry as FileSystemDirectoryEntry)).reverse());
    }
  }
  return found;
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** The files that a dialog gave: with their paths if a folder was chosen, which are read when they are wanted. */
export function takeChosen(files: FileList): Dropped[] {
  return [...files].map((file) => ({
    get path() {
      return file.webkitRelativePath || file.name;
    },
    file,
  }));
}
