import { expect, test } from "vitest";
import { all, among, extended, NOTHING, toggled } from "./selection";

const order = ["a", "b", "c", "d", "e"];
const ids = (selection: { ids: ReadonlySet<string> }) => [...selection.ids].sort().join("");

test("a range goes from where one was selected last, in both directions", () => {
  const one = toggled(NOTHING, "c");
  expect(ids(extended(one, order, "e"))).toBe("cde");
  expect(ids(extended(extended(one, order, "e"), order, "b"))).toBe("bcde");
});

test("what was selected elsewhere stays", () => {
  expect(ids(extended(toggled(toggled(NOTHING, "a"), "d"), order, "e"))).toBe("ade");
});

test("a row is deselected by the same", () => {
  expect(ids(toggled(toggled(NOTHING, "a"), "a"))).toBe("");
});

test("a range without a beginning, or from a row that is gone, is the row itself", () => {
  expect(ids(extended(NOTHING, order, "b"))).toBe("b");
  expect(ids(extended({ ids: new Set(), anchor: "gone" }, order, "b"))).toBe("b");
});

test("rows that are gone are no longer selected", () => {
  expect(ids(among(all(order), ["b", "x"]))).toBe("b");
  const same = all(order);
  expect(among(same, order)).toBe(same);
});
