import { expect, test } from "vitest";
import type { LogEvent } from "@/data/event";
import { Player } from "./player";

const START = Date.parse("2026-11-22T12:00:00Z");

/** A log with an event at each of these seconds, two on a page. */
function log(...seconds: number[]) {
  const events = seconds.map(
    (second, place): LogEvent => ({
      specversion: "1.0",
      id: String(place + 1),
      type: "io.planetstore.object.created.v1",
      source: "",
      time: new Date(START + second * 1_000).toISOString(),
      sequence: String(place + 1),
      data: {},
    }),
  );
  return async (after = 0) => ({
    events: events.slice(after, after + 2),
    next: Math.min(after + 2, events.length),
    sequence: events.length,
  });
}

async function loaded(player: Player): Promise<void> {
  for (let page = 0; page < 5; page += 1) await player.fill();
}

const ids = (events: LogEvent[]) => events.map((event) => Number(event.id));

test("plays events when their time has come, at the speed", async () => {
  const player = new Player(log(0, 10, 25), 0, 10);
  await loaded(player);
  expect(ids(player.tick(0, false))).toEqual([1]);
  expect(ids(player.tick(900, false))).toEqual([]);
  expect(ids(player.tick(1_000, false))).toEqual([2]);
  expect(player.nextIn).toBeCloseTo(1.5);
  expect(ids(player.tick(2_500, false))).toEqual([3]);
  expect(player.isDone).toBe(true);
});

test("stands still while it is paused", async () => {
  const player = new Player(log(0, 10), 0, 1);
  await loaded(player);
  player.tick(0, false);
  expect(player.tick(60_000, true)).toEqual([]);
  expect(ids(player.tick(69_000, false))).toEqual([]);
  expect(ids(player.tick(70_000, false))).toEqual([2]);
});

test("skips a time in which nothing happened", async () => {
  const player = new Player(log(0, 86_400), 0, 1);
  await loaded(player);
  player.tick(0, false);
  player.skip();
  expect(ids(player.tick(1, false))).toEqual([2]);
});

test("says why it stands, and goes on", async () => {
  let fails = true;
  const load = log(0);
  const player = new Player((after) => (fails ? Promise.reject(new Error("gone")) : load(after)), 0, 1);
  await player.fill();
  expect(player.error).toBeInstanceOf(Error);
  fails = false;
  await player.fill();
  expect(player.error).toBeUndefined();
  expect(ids(player.tick(0, false))).toEqual([1]);
});
