import { expect, test } from "vitest";
import type { LogEvent } from "@/data/event";
import { binsOf } from "./bins";

const event = (seconds: number, type: string): LogEvent => ({
  specversion: "1.0",
  id: "",
  type: `io.planetstore.${type}.v1`,
  source: "",
  time: new Date(seconds * 1_000).toISOString(),
  sequence: "",
  data: {},
});

test("counts by noun and time, and leaves out what is outside of the span", () => {
  const events = [
    event(0, "object.created"),
    event(4, "object.deleted"),
    event(5, "node.offline"),
    event(10, "object.created"),
  ];
  const bins = binsOf(events, 0, 10_000, 2);
  expect(bins.map((bin) => bin.counts)).toEqual([{ object: 2 }, { node: 1 }]);
  expect(bins.map((bin) => bin.total)).toEqual([2, 1]);
});
