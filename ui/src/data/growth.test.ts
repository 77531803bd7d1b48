import { expect, test } from "vitest";
import { fromBeginning } from "./growth";

/** Points of hours from midnight on, of which each has as many objects. */
function hours(...objects: number[]) {
  return objects.map((count, hour) => ({
    time: `2026-11-22T0${hour}:00:00Z`,
    objects: count,
    versions: count,
    bytes: count * 10,
    stored_bytes: count * 10,
  }));
}
const objectsOf = (points: ReturnType<typeof fromBeginning>) => points.map(({ objects }) => objects);

test("a line begins at the end of the hour before there was something", () => {
  expect(objectsOf(fromBeginning(hours(0, 0, 0, 3, 5)))).toEqual([null, null, 0, 3, 5]);
  expect(objectsOf(fromBeginning(hours(2, 0, 0, 3)))).toEqual([2, 0, 0, 3]);
  expect(objectsOf(fromBeginning(hours(0, 0)))).toEqual([null, null]);
});

test("what was empty from a known time on was empty, and not absent", () => {
  const began = "2026-11-22T02:30:00Z";
  expect(objectsOf(fromBeginning(hours(0, 0, 0, 0, 0, 7), began))).toEqual([null, 0, 0, 0, 0, 7]);
  expect(objectsOf(fromBeginning(hours(0, 0, 7), "2026-11-01T00:00:00Z"))).toEqual([0, 0, 7]);
});
