import { useState } from "react";

/** A choice about the page that is remembered in this browser. Never anything of the store. */
export function useRemembered(name: string, initial: boolean): [boolean, (is: boolean) => void] {
  const key = `planetstore.${name}`;
  const [is, set] = useState(() => {
    try {
      return (localStorage.getItem(key) ?? String(initial)) === "true";
    } catch {
      return initial;
    }
  });
  return [
    is,
    (next) => {
      set(next);
      try {
        localStorage.setItem(key, String(next));
      } catch {
        // Without storage the choice lasts as long as the page.
      }
    },
  ];
}
