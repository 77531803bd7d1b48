/** Names as they are shown. */

/**
 * Controls, marks of direction, and characters without a width or a look: fillers, invisible operators and tags. The two
 * that join and part letters belong to emoji and to scripts such as Persian, and are hidden beside any other character.
 */
const HIDDEN =
  /[\p{Cc}\p{Bidi_Control}\u00ad\u115f\u1160\u200b\u2028\u2029\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0]|\u034f|[\u17b4\u17b5]|[\u180b-\u180e]|[\u{e0000}-\u{e007f}]|[\u200c\u200d](?=[\0-\u024f]|$)|(?<=[\0-\u024f]|^)[\u200c\u200d]/gu;
/** The blocks of scripts from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A name with the characters that nobody sees, such as those that turn the direction of what follows: `\u202e` makes
 * `\u202etxt.exe` look like `exe.txt`.
 */
export function visible(name: string): string {
  return name.replace(HIDDEN, (hidden) => {
    const code = (hidden.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** The same of a text of several lines, such as a message of a log or lines to paste. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** Whether any of it is written from right to left. */
export function hasRightToLeft(name: string): boolean {
  return RIGHT_TO_LEFT.test(name);
}
