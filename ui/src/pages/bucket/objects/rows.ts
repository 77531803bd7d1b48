/** Rows of the list: which there are, and what can be done with those that are selected. */
import type { Row } from "@/data/s3/listing";
import { nameIn } from "./crumbs";

export function idOf(row: Row): string {
  return `${row.kind} ${row.key}`;
}

/** How a row is called in its folder. */
export function nameOf(row: Row, folder: string): string {
  const name = nameIn(row.key, folder);
  return name === "" ? "(this folder itself)" : name;
}

export interface Chosen {
  readonly objects: Extract<Row, { kind: "object" }>[];
  readonly folders: Extract<Row, { kind: "folder" }>[];
  readonly deleted: Extract<Row, { kind: "deleted" }>[];
  /** The bytes of the objects; those in folders are not known. */
  readonly bytes: number;
}

export function chosenOf(rows: readonly Row[], ids: ReadonlySet<string>): Chosen {
  const chosen = rows.filter((row) => ids.has(idOf(row)));
  const of = <Kind extends Row["kind"]>(kind: Kind) =>
    chosen.filter((row): row is Extract<Row, { kind: Kind }> => row.kind === kind);
  const objects = of("object");
  return {
    objects,
    folders: of("folder"),
    deleted: of("deleted"),
    bytes: objects.reduce((sum, { size }) => sum + size, 0),
  };
}
