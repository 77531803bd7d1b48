/** The keys of the console. A page adds its own for as long as it is there. */
import { useEffect, useRef } from "react";

export interface Shortcut {
  /** A key, or two keys one after the other: `?`, `g b`. */
  readonly keys: string;
  readonly says: string;
  readonly run: () => void;
}

/** How long the second of two keys is waited for, in milliseconds. */
const SECOND_MS = 1_200;

const stack: (readonly Shortcut[])[] = [];

/** All shortcuts that work now, those of the page first. */
export function shortcutsNow(): readonly Shortcut[] {
  return stack.toReversed().flat();
}

/** Adds shortcuts for as long as the component is there. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const now = useRef(shortcuts);
  now.current = shortcuts;
  const keys = shortcuts.map((shortcut) => `${shortcut.keys}\n${shortcut.says}`).join("\n\n");
  useEffect(() => {
    const level = keys.split("\n\n").map((text, place): Shortcut => {
      const [pressed = "", says = ""] = text.split("\n");
      return { keys: pressed, says, run: () => now.current[place]?.run() };
    });
    stack.push(level);
    return () => {
      stack.splice(stack.indexOf(level), 1);
    };
  }, [keys]);
}

/** Whether a key belongs to what has the focus. */
function isTyped(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("[data-modal],[role=menu],[role=listbox]")) return true;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Whether a key presses what has the focus. */
function isPress(event: KeyboardEvent): boolean {
  if (event.key !== " " && event.key !== "Enter") return false;
  return (
    event.target instanceof HTMLElement &&
    event.target.closest("button,a,[role=checkbox],[role=switch],summary") !== null
  );
}

/** Listens for the keys of the console. What is returned ends it. */
export function listenForKeys(): () => void {
  let first = "";
  let at = 0;
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyped(event.target) || isPress(event)) return;
    const name = event.key === " " ? "space" : event.key;
    const pair = Date.now() - at < SECOND_MS ? `${first} ${name}` : "";
    const shortcut =
      shortcutsNow().find(({ keys }) => keys === pair) ?? shortcutsNow().find(({ keys }) => keys === name);
    first = name;
    at = shortcut?.keys === pair ? 0 : Date.now();
    if (shortcut === undefined) return;
    event.preventDefault();
    shortcut.run();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
