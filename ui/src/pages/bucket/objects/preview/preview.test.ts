import { expect, test } from "vitest";
import { readCsv } from "./csv";
import { kindOf } from "./kind";

test("the type decides, and the ending only where the type says nothing", () => {
  expect(kindOf("a.txt", "image/png")).toBe("image");
  expect(kindOf("a.html", "text/html")).toBe("text");
  expect(kindOf("a.svg", "image/svg+xml; charset=utf-8")).toBe("image");
  expect(kindOf("a.md", "application/octet-stream")).toBe("text");
  expect(kindOf("a.json", "")).toBe("json");
  expect(kindOf("a.exe", "application/octet-stream")).toBeUndefined();
  expect(kindOf("a.csv", "application/zip")).toBeUndefined();
});

test("what only a tag of the page can show needs its type", () => {
  expect(kindOf("a.png", "application/octet-stream")).toBeUndefined();
});

test("cells may have commas, quotes and line feeds", () => {
  expect(readCsv('a,b\r\n"1,\n2","say ""x"""\n,\n', 10)).toEqual([
    ["a", "b"],
    ["1,\n2", 'say "x"'],
    ["", ""],
  ]);
});

test("tabs and semicolons divide too, and rows end where enough are read", () => {
  expect(readCsv("a\tb\n1\t2", 10)).toEqual([
    ["a", "b"],
    ["1", "2"],
  ]);
  expect(readCsv("a;b\n1;2\n3;4", 2)).toHaveLength(2);
});
