import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { LogOut, Menu as MenuIcon, Monitor, Moon, Search, Sun, User } from "lucide-react";
import { usePosition } from "@/data/feed";
import { signOut, useSession } from "@/data/session";
import { regionQuery } from "@/data/status";
import { IconButton } from "../button";
import { count } from "../format";
import { Menu } from "../menu";
import { Kbd } from "../shortcuts/kbd";
import { chooseTheme, type Theme, useTheme } from "../theme";

const THEMES: { theme: Theme; label: string; icon: typeof Sun }[] = [
  { theme: "system", label: "As the system", icon: Monitor },
  { theme: "light", label: "Light", icon: Sun },
  { theme: "dark", label: "Dark", icon: Moon },
];

export function Header({ onSearch, onPages }: { onSearch: () => void; onPages: () => void }) {
  const theme = useTheme();
  const Icon = THEMES.find((each) => each.theme === theme)?.icon ?? Monitor;
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-sunken px-3 lg:px-4">
      <IconButton label="Pages" icon={MenuIcon} className="md:hidden" onClick={onPages} />
      <RegionName />
      <Position />
      <button
        type="button"
        onClick={onSearch}
        className="mx-auto flex h-8 w-full max-w-md min-w-8 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-table text-muted hover:border-line-strong"
      >
        <Search size={15} aria-hidden className="shrink-0" />
        <span className="sr-only">Search</span>
        <span className="truncate max-sm:hidden">Buckets, objects, users, #events, actions</span>
        <span className="ml-auto flex gap-1 max-md:hidden">
          <Kbd>Ctrl</Kbd>
          <Kbd>K</Kbd>
        </span>
      </button>
      <Menu
        trigger={<IconButton label="Theme" icon={Icon} />}
        groups={[
          THEMES.map(({ theme: each, label, icon }) => ({
            label,
            icon,
            isChosen: each === theme,
            onSelect: () => chooseTheme(each),
          })),
        ]}
      />
      <Person />
    </header>
  );
}

function RegionName() {
  const { data } = useQuery(regionQuery);
  return (
    <span className="hidden h-6 min-w-16 items-center text-table font-medium sm:flex" title="Region">
      {data?.name}
    </span>
  );
}

/** The event as of which everything on the page is true. */
function Position() {
  const position = usePosition();
  return (
    <Link
      to="/events"
      aria-label={`The log has come to event ${count(position)}`}
      title="What you see is as of this event of the log"
      className="flex h-6 min-w-24 items-center justify-center rounded-md border border-line bg-surface px-2 font-mono text-xs text-muted tabular-nums hover:border-line-strong hover:text-text"
    >
      {position === 0 ? "#…" : `#${count(position)}`}
    </Link>
  );
}

function Person() {
  const { user } = useSession();
  const navigate = useNavigate();
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex h-8 max-w-40 items-center gap-2 rounded-md px-2 text-table hover:bg-hover"
        >
          <span
            className="flex size-6 shrink-0 items-center justify-center rounded-full bg-selected text-xs font-semibold uppercase before:content-[attr(data-letter)]"
            data-letter={user?.charAt(0)}
            aria-hidden
          />
          <span className="sr-only">Signed in as</span>
          <span className="truncate max-md:sr-only">{user}</span>
        </button>
      }
      groups={[
        [{ label: "Settings", icon: User, onSelect: () => void navigate({ to: "/settings" }) }],
        [{ label: "Sign out", icon: LogOut, onSelect: () => void signOut() }],
      ]}
    />
  );
}
