/** What can be done from the search. A page adds its own for as long as it is there. */
import { useEffect, useRef } from "react";

export interface Action {
  readonly title: string;
  readonly run: () => void;
}

const stack: (readonly Action[])[] = [];

export function actionsNow(): readonly Action[] {
  return stack.toReversed().flat();
}

/** Adds actions for as long as the component is there. */
export function useActions(actions: readonly Action[]): void {
  const now = useRef(actions);
  now.current = actions;
  const titles = actions.map((action) => action.title).join("\n");
  useEffect(() => {
    const level = titles
      .split("\n")
      .map((title, place): Action => ({ title, run: () => now.current[place]?.run() }));
    stack.push(level);
    return () => {
      stack.splice(stack.indexOf(level), 1);
    };
  }, [titles]);
}
