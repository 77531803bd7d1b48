import { expect, test } from "vitest";
import type { Link, ReplicatedTo } from "@/data/replication";
import { behindOf, removalOf, wayState } from "./way-state";

const link = (name: string): Link => ({
  name,
  url: `https://s3.${name}.example.com`,
  access_key: "AKIAEXAMPLE",
  added: "2026-11-30T12:00:00Z",
  shares_identities: false,
});
const LAG = { up_to: 9, changes: 0, bytes: 0, seconds: 0, is_resyncing: false };
const way = (region?: string, lag?: Partial<typeof LAG> & { why?: string }): ReplicatedTo => {
  const destination = { bucket: "there", region };
  return {
    bucket: "here",
    destination,
    rules: ["all"],
    up_to: 9,
    lag: lag && { ...LAG, ...lag, bucket: "here", destination },
  };
};
const around = { isRunning: true, isPaused: false, links: [link("us-west-2")] };
const word = (of: ReplicatedTo, more: object = {}) => wayState(of, { ...around, ...more }).word;

test("a destination is up to date, sends or is compared", () => {
  expect(word(way("us-west-2", {}))).toBe("up to date");
  expect(word(way("us-west-2", { changes: 3 }))).toBe("sending");
  expect(word(way("us-west-2", { seconds: 3 }))).toBe("sending");
  expect(word(way("us-west-2", { changes: 3, is_resyncing: true }))).toBe("comparing");
  expect(word({ ...way("us-west-2", {}), resync: { asked: 4 } })).toBe("comparing");
  expect(word(way("us-west-2"))).toBe("not reported");
});

test("what waits says for what", () => {
  const why = (of: ReplicatedTo, more: object = {}) => wayState(of, { ...around, ...more }).why;
  expect(why(way("us-west-2", { why: "connection refused" }))).toBe("Connection refused.");
  expect(why(way("eu-1", {}))).toBe("There is no link to eu-1.");
  expect(why(way(undefined, {}), { links: [] })).toBe("There is no link to another region.");
  expect(why(way(undefined, {}), { links: [link("a"), link("b")] })).toMatch(/several links/);
  expect(why(way("us-west-2", {}), { isRunning: false })).toBe("No process replicates.");
  expect(why(way("us-west-2", {}), { isPaused: true })).toBe("Replication is paused.");
});

test("who may not see the links is not told that there are none", () => {
  expect(word(way("us-west-2", {}), { links: undefined })).toBe("up to date");
});

test("what is not known is not 0", () => {
  const { lag } = way("us-west-2", {});
  expect(behindOf(lag)).toEqual({ changes: 0, bytes: 0, seconds: 0 });
  expect(behindOf(lag && { ...lag, changes: 2, bytes: 9, seconds: 4 })).toEqual({
    changes: 2,
    bytes: 9,
    seconds: 4,
  });
  expect(behindOf(lag && { ...lag, seconds: 4 })).toEqual({ seconds: 4 });
  expect(behindOf(lag && { ...lag, why: "no such bucket" })).toEqual({});
  expect(behindOf(undefined)).toEqual({});
});

test("without a link, what goes by it waits, and what names no region takes the one that is left", () => {
  const [named, unnamed] = [way("us-west-2", {}), way(undefined, {})];
  expect(removalOf("us-west-2", around.links, [named, unnamed])).toEqual({
    waiting: [named, unnamed],
    redirected: [],
  });
  const two = [link("us-west-2"), link("eu-1")];
  expect(removalOf("us-west-2", two, [named, unnamed])).toEqual({ waiting: [named], redirected: [unnamed] });
});
