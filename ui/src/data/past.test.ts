import { expect, test } from "vitest";
import { isDone, joinedRows, type PastRow } from "./past";

test("a folder that goes on on the next page is one row", () => {
  const folder = (key: string): PastRow => ({ kind: "folder", key });
  const pages = [{ rows: [folder("a/"), folder("b/")] }, { rows: [folder("b/"), folder("c/")] }];
  expect(joinedRows(pages).map(({ key }) => key)).toEqual(["a/", "b/", "c/"]);
});

test("only what changes something is counted as a change", () => {
  const actions = ["restore", "hide", "would_destroy", "gone", "denied", "only_with_folder"];
  expect(actions.filter((action) => isDone({ key: "k", action }))).toEqual(["restore", "hide"]);
});
