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
