/** What holds for all sources, and what a look at a page finds only while its data are of a certain kind. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const here = new URL(".", import.meta.url);
const sources = readdirSync(here, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.ts$|^generated\//.test(path))
  .map((path) => ({ path, lines: readFileSync(new URL(path, here), "utf8").split("\n") }));

/** The lines that have it, with where they are. */
function having(wrong: RegExp): string[] {
  return sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => (wrong.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
  );
}

describe("sentences", () => {
  test("a noun that follows a number has the form that belongs to it", () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(having(/count\([^()]*(\([^()]*\))?[^()]*\)\} [a-z]+s\b/)).toEqual([]);
  });
});

describe("names", () => {
  test("tooltips show what is hidden in a key", () => {
    expect(
      having(/title=\{(aboutOf|keyOf|\w+\.(key|prefix)\b|`[^`]*\b(?!last\.)\w+\.(key|prefix)\b(?!\)))/),
    ).toEqual([]);
  });
});

describe("links", () => {
  test("none within text is told by its colour alone", () => {
    const own = (line: string) => !line.startsWith("parts/link.ts:");
    expect(having(/text-accent[^"`]*\bunderline|\bunderline[^"`]*text-accent/).filter(own)).toEqual([]);
    expect(having(/hover:text-text hover:underline/)).toEqual([
      // The trail of a bucket is a list of links, with a mark between them.
      expect.stringMatching(/^pages\/bucket\/page\.tsx:/),
    ]);
  });
});
