import { expect, test } from "vitest";
import { announce, complain, showToasts, toasts } from "./announce";

/** The titles of what the manager is asked to add. */
function titles(): string[] {
  const heard: string[] = [];
  toasts[" subscribe"](({ action, options }) => {
    if (action === "add") heard.push(String(options.title));
  });
  return heard;
}

test("what is said before the toasts are loaded is shown once they are", () => {
  const heard = titles();
  announce("Created the user ada.");
  complain("The store cannot be reached.");
  expect(heard).toEqual([]);
  const end = showToasts();
  expect(heard).toEqual(["Created the user ada.", "The store cannot be reached."]);
  announce("Deleted the user ada.");
  expect(heard).toHaveLength(3);
  end();
  announce("Created the user eve.");
  expect(heard).toHaveLength(3);
});

test("of what waits, the newest is kept", () => {
  const heard = titles();
  for (let number = 0; number < 100; number += 1) announce(`Sentence ${number}.`);
  showToasts()();
  expect(heard).toHaveLength(20);
  expect(heard.at(-1)).toBe("Sentence 99.");
});

test("what is hidden in a name is shown, of what was done and of what failed", () => {
  const heard = titles();
  const end = showToasts();
  announce("Deleted \u202etxt.exe.");
  complain("\u200bphotos cannot be read.");
  expect(heard).toEqual(["Deleted \\u202etxt.exe.", "\\u200bphotos cannot be read."]);
  end();
});
