/** Names as they are shown. */

const HIDDEN = /[\p{Cc}\p{Bidi_Control}]/gu;
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

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
