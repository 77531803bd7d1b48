import { Dialog } from "../dialog";
import { Kbd } from "./kbd";
import { shortcutsNow } from "./keys";

/** All keys that work on the page. */
export function ShortcutsHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keys" about="They work when nothing is being typed." isOpen={isOpen} onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <ul tabIndex={0} className="divide-y divide-line">
        {isOpen &&
          [...shortcutsNow(), { keys: "Ctrl K", says: "Search, go and do" }].map(({ keys, says }) => (
            <li key={keys} className="flex h-9 items-center justify-between text-sm">
              {says}
              <span className="flex gap-1">
                {keys.split(" ").map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </span>
            </li>
          ))}
      </ul>
    </Dialog>
  );
}
