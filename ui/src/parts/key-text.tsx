import { Fragment } from "react";
import { hasRightToLeft, visible } from "./format";

/**
 * A key, or a part of one. Its folders stand from left to right as in every path, each in the direction of its own script,
 * and characters that are not seen but change what is seen are shown as what they are.
 */
export function KeyText({ name }: { name: string }) {
  const shown = visible(name);
  if (!hasRightToLeft(shown)) return shown;
  return shown.split("/").map((part, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a key have a fixed order.
    <Fragment key={place}>
      {place > 0 && "/"}
      <bdi>{part}</bdi>
    </Fragment>
  ));
}

/** The shortest text that may need more lines than are shown, on the narrowest screen. */
const LONG = 90;

/** A text of any length as a block, such as a whole key. What scrolls has to be reachable by keyboard. */
export function LongText({ text }: { text: string }) {
  return (
    <span
      tabIndex={text.length > LONG ? 0 : undefined}
      className="name block max-h-24 min-w-0 overflow-y-auto break-all !whitespace-pre-wrap"
    >
      <KeyText name={text} />
    </span>
  );
}
