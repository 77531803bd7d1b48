import { Outlet, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { followEvents } from "@/data/client";
import { useMay } from "@/data/rights";
import { signOut } from "@/data/session";
import { useActions } from "../palette/actions";
import { useRemembered } from "../remembered";
import { listenForKeys, useShortcuts } from "../shortcuts/keys";
import { chooseTheme } from "../theme";
import { Header } from "./header";
import { LinkBar } from "./link-bar";
import { BEGINNINGS, PLACES } from "./places";
import { Rail } from "./rail";

// What is not part of the first look is loaded after it.
const Overlays = lazy(() => import("./overlays"));
const TransfersBar = lazy(() =>
  import("../transfers/bar").then(({ TransfersBar }) => ({ default: TransfersBar })),
);
const Inspector = lazy(() => import("@/pages/events/inspector"));

/** What stands around every page, and the inspector of the event that the URL names. */
export function Shell() {
  const [isWide, setWide] = useRemembered("rail", innerWidth >= 1_100);
  const [hasPages, setPages] = useState(false);
  const [isSearching, setSearching] = useState(false);
  const [hasHelp, setHelp] = useState(false);
  const { event } = useSearch({ from: "__root__" });
  useEffect(followEvents, []);
  useEffect(listenForKeys, []);
  useSearchKey(() => setSearching(true));
  useKeys(() => setHelp(true));
  useGlobalActions();
  return (
    <div className="flex h-dvh">
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-surface focus:p-2"
      >
        To the page
      </a>
      <div className="max-md:hidden">
        <Rail isWide={isWide} onWide={setWide} />
      </div>
      {hasPages && (
        <div className="fixed inset-0 z-30 flex bg-black/40 md:hidden">
          <Rail isWide onWide={() => setPages(false)} onLeave={() => setPages(false)} />
          <button
            type="button"
            aria-label="Close the pages"
            className="flex-1"
            onClick={() => setPages(false)}
          />
        </div>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <Header onSearch={() => setSearching(true)} onPages={() => setPages(true)} />
        <LinkBar />
        <div className="relative flex min-h-0 flex-1">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
          <main id="page" tabIndex={0} className="min-w-0 flex-1 overflow-y-auto outline-offset-[-2px]">
            <Outlet />
          </main>
          {event !== undefined && (
            <Suspense
              fallback={
                <div className="w-[min(30rem,100%)] shrink-0 border-l border-line bg-surface max-lg:hidden" />
              }
            >
              <Inspector sequence={event} />
            </Suspense>
          )}
        </div>
        <Suspense>
          <TransfersBar />
        </Suspense>
      </div>
      <Suspense>
        <Overlays
          isSearching={isSearching}
          onSearched={() => setSearching(false)}
          hasHelp={hasHelp}
          onHelped={() => setHelp(false)}
        />
      </Suspense>
    </div>
  );
}

/** What can be done from every page. */
function useGlobalActions(): void {
  const may = useMay();
  const navigate = useNavigate();
  const beginnings = BEGINNINGS.filter(({ needs }) => may(needs));
  useActions([
    ...beginnings.map(({ title, to, search }) => ({
      title,
      run: () => void navigate({ to, search: search as never }),
    })),
    { title: "Use the light theme", run: () => chooseTheme("light") },
    { title: "Use the dark theme", run: () => chooseTheme("dark") },
    { title: "Use the theme of the system", run: () => chooseTheme("system") },
    { title: "Sign out", run: () => void signOut() },
  ]);
}

function useKeys(onHelp: () => void): void {
  const navigate = useNavigate();
  const may = useMay();
  const places = PLACES.flat().filter(({ needs }) => may(needs));
  useShortcuts([
    ...places.map(({ key, to, title }) => ({
      keys: `g ${key}`,
      says: `Go to ${title}`,
      run: () => void navigate({ to }),
    })),
    {
      keys: "/",
      says: "Filter",
      run: () => document.querySelector<HTMLElement>("[data-filter]")?.focus(),
    },
    { keys: "?", says: "Show the keys", run: onHelp },
  ]);
}

function useSearchKey(onSearch: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      onSearch();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onSearch]);
}
