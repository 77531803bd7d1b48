import { Link } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useMay } from "@/data/rights";
import { cx } from "../class";
import { PLACES } from "./places";

/** The pages. `isWide` shows their names too. */
export function Rail({
  isWide,
  onWide,
  onLeave,
}: {
  isWide: boolean;
  onWide: (is: boolean) => void;
  onLeave?: () => void;
}) {
  const may = useMay();
  const groups = PLACES.map((group) => group.filter(({ needs }) => may(needs))).filter(
    (group) => group.length > 0,
  );
  const Toggle = isWide ? PanelLeftClose : PanelLeftOpen;
  return (
    <nav
      aria-label="Pages"
      className={cx("flex h-full shrink-0 flex-col border-r border-line bg-sunken", isWide ? "w-52" : "w-14")}
    >
      <div className="flex h-12 items-center gap-2.5 px-4">
        <img src="/icon.svg" alt="" width={24} height={24} className="shrink-0" />
        {isWide && <span className="font-semibold tracking-[-0.01em]">Planetstore</span>}
      </div>
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 pb-2">
        {groups.map((group) => (
          <ul key={group[0]?.to} className="border-line not-first:mt-2 not-first:border-t not-first:pt-2">
            {group.map(({ title, to, icon: Icon, key }) => (
              <li key={to}>
                <Link
                  to={to}
                  activeOptions={{ exact: to === "/", includeSearch: false }}
                  title={isWide ? undefined : `${title} (g ${key})`}
                  aria-label={title}
                  onClick={onLeave}
                  className="flex h-8 items-center gap-2.5 rounded-md px-2.5 text-table text-muted hover:bg-hover hover:text-text"
                  activeProps={{ className: "!bg-selected !text-text font-medium", "aria-current": "page" }}
                >
                  <Icon size={18} strokeWidth={1.6} aria-hidden className="shrink-0" />
                  {isWide && title}
                </Link>
              </li>
            ))}
          </ul>
        ))}
      </div>
      <button
        type="button"
        onClick={() => onWide(!isWide)}
        title={isWide ? "Narrow the rail" : "Widen the rail"}
        aria-label={isWide ? "Narrow the rail" : "Widen the rail"}
        className="m-2 flex h-8 items-center gap-2.5 rounded-md px-2.5 text-table text-muted hover:bg-hover hover:text-text max-md:hidden"
      >
        <Toggle size={18} strokeWidth={1.6} aria-hidden className="shrink-0" />
        {isWide && "Narrow"}
      </button>
    </nav>
  );
}
