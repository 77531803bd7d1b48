import { Menu as Base } from "@base-ui/react/menu";
import type { LucideIcon } from "lucide-react";
import type { ReactElement } from "react";
import { cx } from "./class";
import { visible } from "./format";

export interface MenuItem {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly onSelect: () => void;
  readonly isDangerous?: boolean;
  readonly isDisabled?: boolean;
  /** Whether it is the one that is chosen, in menus that choose one. */
  readonly isChosen?: boolean;
}

/** A button that opens a menu. Groups are divided by lines. */
export function Menu({
  trigger,
  groups,
  align = "end",
}: {
  trigger: ReactElement;
  groups: readonly (readonly MenuItem[])[];
  align?: "start" | "end";
}) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={align} className="z-50 outline-none">
          <Base.Popup className="min-w-44 rounded-lg border border-line bg-surface p-1 shadow-panel outline-none">
            {groups
              .filter((group) => group.length > 0)
              .map((group, place) => (
                <div key={group[0]?.label} className={cx(place > 0 && "mt-1 border-t border-line pt-1")}>
                  {group.map((item, at) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: the items of a menu have a fixed order, and may be called alike.
                    <Item key={`${at} ${item.label}`} item={item} />
                  ))}
                </div>
              ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  const { label, icon: Icon, onSelect, isDangerous, isDisabled, isChosen } = item;
  return (
    <Base.Item
      onClick={onSelect}
      disabled={isDisabled}
      className={cx(
        "flex h-8 cursor-default items-center gap-2 rounded-md px-2 text-table outline-none select-none",
        "data-highlighted:bg-hover data-disabled:opacity-50",
        isDangerous && "text-danger",
        isChosen && "font-medium text-accent",
      )}
    >
      {Icon && <Icon size={15} aria-hidden strokeWidth={1.75} />}
      {visible(label)}
      {isChosen && <span className="sr-only">(chosen)</span>}
    </Base.Item>
  );
}
