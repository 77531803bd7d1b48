/** Names as they are shown. */

/** Controls, marks of direction, and characters without a width but the one that joins emoji. */
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\u00ad\u200b\u2028\u2029\u2060\ufeff]/gu;
/** The blocks of scripts from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A name with the characters that nobody sees, such as those that turn the direction of what follows: `\u202e` makes
 * `\u202etxt.exe` look like `exe.txt`.
 */
export function visible(name: string): string {
  return name.replace(HIDDEN, (hidden) => `\\u${hidden.codePointAt(0)?.toString(16).padStart(4, "0")}`);
}

/** Whether any of it is written from right to left. */
export function hasRightToLeft(name: string): boolean {
  return RIGHT_TO_LEFT.test(name);
}
