import { expect, test } from "vitest";
import type { ReplicatedTo } from "@/data/replication";
import { farthest, grown, KEPT_MS, NO_HISTORY } from "./lag-history";

const way = (bucket: string, seconds?: number): ReplicatedTo => {
  const destination = { bucket: "there", region: "us-west-2" };
  const lag = { bucket, destination, up_to: 1, changes: 1, bytes: 1, is_resyncing: false };
  return {
    bucket,
    destination,
    rules: [],
    up_to: 1,
    lag: seconds === undefined ? undefined : { ...lag, seconds },
  };
};
const ID = "here us-west-2 there";

test("each report is a point, and what was not reported is a gap", () => {
  let history = grown(NO_HISTORY, 1_000, [way("here", 4)]);
  history = grown(history, 4_000, [way("here")]);
  expect(history.points).toEqual([
    { time: 1_000, [ID]: 4 },
    { time: 4_000, [ID]: null },
  ]);
  expect(grown(history, 4_000, [way("here", 9)])).toBe(history);
});

test("a page that was not told for a while has a gap", () => {
  const history = grown(grown(NO_HISTORY, 0, [way("here", 1)]), 60_000, [way("here", 2)]);
  expect(history.points).toEqual([{ time: 0, [ID]: 1 }, { time: 1 }, { time: 60_000, [ID]: 2 }]);
});

test("what is older than half an hour is forgotten", () => {
  const history = grown(grown(NO_HISTORY, 0, [way("here", 1)]), KEPT_MS + 1, [way("here", 2)]);
  expect(history.points[0]?.time).toBeGreaterThan(0);
  expect(history.points.at(-1)).toEqual({ time: KEPT_MS + 1, [ID]: 2 });
});

test("the chart has the destinations that were farthest behind", () => {
  const ways = ["a", "b", "c", "d", "e", "f"].map((bucket, place) => way(bucket, place));
  const shown = farthest(grown(NO_HISTORY, 0, [...ways, way("unknown")]));
  expect(shown.map(({ bucket }) => bucket)).toEqual(["b", "c", "d", "e", "f"]);
});
