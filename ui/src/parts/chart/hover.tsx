import { createContext, type ReactNode, useContext, useMemo, useState } from "react";

/** The moment that is hovered, for all charts of a page. */
interface Hover {
  readonly id: string;
}

const Context = createContext<Hover>({ id: "charts" });
let counter = 0;

/** Charts inside show the same moment: hovering one reads all of them. */
export function ChartsTogether({ children }: { children: ReactNode }) {
  const [id] = useState(() => {
    counter += 1;
    return `charts-${counter}`;
  });
  const hover = useMemo(() => ({ id }), [id]);
  return <Context value={hover}>{children}</Context>;
}

export function useChartsTogether(): string {
  return useContext(Context).id;
}
