import type { ReactNode } from "react";
import { Panel } from "@/parts/page";
import { useRemembered } from "@/parts/remembered";
import { Segments } from "@/parts/tabs";
import { chooseTheme, type Theme, useTheme } from "@/parts/theme";

const THEMES: readonly { value: Theme; title: string }[] = [
  { value: "system", title: "As the system" },
  { value: "light", title: "Light" },
  { value: "dark", title: "Dark" },
];
const RAILS = [
  { value: "wide", title: "Icons and names" },
  { value: "narrow", title: "Icons" },
] as const;

/** How the console looks in this browser. */
export function Appearance() {
  const theme = useTheme();
  const [isWide, setWide] = useRemembered("rail", true);
  return (
    <Panel title="Appearance" aside="Remembered in this browser">
      <div className="flex flex-wrap gap-x-8 gap-y-3">
        <Choice title="Theme">
          <Segments label="Theme" options={THEMES} value={theme} onChange={chooseTheme} />
        </Choice>
        <Choice title="Rail">
          <Segments
            label="Rail"
            options={RAILS}
            value={isWide ? "wide" : "narrow"}
            onChange={(rail) => setWide(rail === "wide")}
          />
        </Choice>
      </div>
    </Panel>
  );
}

function Choice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex items-center gap-3">
      <span className="text-table text-muted" aria-hidden>
        {title}
      </span>
      {children}
    </div>
  );
}
