import { expect, test } from "vitest";
import { above, crumbsOf, folderOf, nameIn, typedPrefix } from "./crumbs";

test("a prefix is folders and what is searched in them", () => {
  expect(crumbsOf("a/b/re")).toEqual({
    crumbs: [
      { name: "a", prefix: "a/" },
      { name: "b", prefix: "a/b/" },
    ],
    rest: "re",
  });
  expect(crumbsOf("")).toEqual({ crumbs: [], rest: "" });
});

test("folders without a name are folders too", () => {
  expect(crumbsOf("//x")).toEqual({
    crumbs: [
      { name: "", prefix: "/" },
      { name: "", prefix: "//" },
    ],
    rest: "x",
  });
  expect(above("//")).toBe("/");
});

test("above a folder and above a key", () => {
  expect([above("a/b/"), above("a/b"), above("a/"), above("a"), above("")]).toEqual(["a/", "a/", "", "", ""]);
  expect(folderOf("a/b")).toBe("a/");
});

test("names are what a key has beyond its folder", () => {
  expect(nameIn("a/b/c.txt", "a/b/")).toBe("c.txt");
  expect(nameIn("a/b/", "a/")).toBe("b/");
  expect(nameIn("שלום/🚀.png", "שלום/")).toBe("🚀.png");
});

test("addresses of S3 can be pasted", () => {
  expect(typedPrefix("photos", "a/", "s3://photos/x/y")).toBe("x/y");
  expect(typedPrefix("photos", "a/", "s3://photos")).toBe("");
  expect(typedPrefix("photos", "a/", "s3://other/x")).toBe("a/s3://other/x");
  expect(typedPrefix("photos", "a/", "b/c")).toBe("a/b/c");
});
