import type { KeyboardEvent } from "react";

/** Moves the focus between rows, by arrows and by `j` and `k`. */
export function moveByKeys(event: KeyboardEvent<HTMLDivElement>): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (
    step === undefined ||
    !(event.target instanceof HTMLElement) ||
    event.target.matches("input,textarea,select")
  )
    return;
  const row = event.target.closest("[data-row]");
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")].sort(
    (a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top,
  );
  const next = all[row === null ? 0 : all.indexOf(row as HTMLElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus({ preventScroll: false });
}
