/** The path of the objects page: a prefix, of which the last slash divides the folder from what is searched in it. */

export interface Crumb {
  readonly name: string;
  readonly prefix: string;
}

/** The folders of a prefix, and what is behind the last slash. */
export function crumbsOf(prefix: string): { crumbs: Crumb[]; rest: string } {
  const parts = prefix.split("/");
  const rest = parts.pop() ?? "";
  let until = "";
  const crumbs = parts.map((name) => {
    until += `${name}/`;
    return { name, prefix: until };
  });
  return { crumbs, rest };
}

/** The folder of a prefix. */
export function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}

/** The folder above: that of a key, or the one that a folder is in. */
export function above(prefix: string): string {
  return folderOf(prefix.replace(/\/$/, ""));
}

/** The last part of a key or of a folder's prefix. */
export function nameIn(key: string, folder: string): string {
  return key.startsWith(folder) ? key.slice(folder.length) : key;
}

/** The prefix that was meant by what was typed or pasted into the field behind a folder. */
export function typedPrefix(bucket: string, folder: string, text: string): string {
  const pasted = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(text);
  if (pasted?.[1] === bucket) return pasted[2] ?? "";
  return folder + text;
}
