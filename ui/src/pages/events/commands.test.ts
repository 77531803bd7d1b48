import { expect, test } from "vitest";
import { quote } from "./commands";

test("a key is one word for the shell, whatever is in it", () => {
  expect(quote("2026/cat.jpg")).toBe("2026/cat.jpg");
  expect(quote("it's; rm -rf $HOME")).toBe("'it'\\''s; rm -rf $HOME'");
});
