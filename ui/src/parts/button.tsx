import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./class";
import { visible } from "./format";

const LOOKS = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover border-transparent font-medium",
  plain: "bg-surface text-text border-line-strong hover:bg-hover",
  quiet: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-text",
  danger: "bg-transparent text-danger border-line-strong hover:bg-hover",
  destroy: "bg-danger text-on-accent border-transparent hover:bg-danger-hover font-medium",
} as const;

const SIZES = { normal: "h-8 px-3 text-sm", small: "h-7 px-2 text-table", icon: "size-8" } as const;

export type Look = keyof typeof LOOKS;

export function buttonClass(look: Look = "plain", size: "normal" | "small" | "icon" = "normal"): string {
  return cx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border whitespace-nowrap select-none",
    "disabled:cursor-not-allowed disabled:opacity-55",
    SIZES[size],
    LOOKS[look],
  );
}

export interface ButtonProps extends ComponentProps<"button"> {
  look?: Look;
  isSmall?: boolean;
  icon?: LucideIcon;
  /** Whether what it does is under way. It stays focusable, and does nothing. */
  isBusy?: boolean;
  children?: ReactNode;
}

/** What a button does while its work is under way: nothing, and it says so. A faint label is that of a disabled button. */
function busy(isBusy: boolean | undefined, onClick: ButtonProps["onClick"]): ComponentProps<"button"> {
  if (!isBusy) return { onClick };
  return { "aria-busy": true, "aria-disabled": true, onClick: (event) => event.preventDefault() };
}

export function Button({
  look = "plain",
  isSmall,
  icon: Icon,
  isBusy,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      {...busy(isBusy, onClick)}
      className={cx(buttonClass(look, isSmall ? "small" : "normal"), isBusy && "opacity-65", className)}
    >
      {Icon && <Icon size={isSmall ? 14 : 16} aria-hidden strokeWidth={1.75} />}
      {children}
    </button>
  );
}

/** A button that is an icon alone. Its label is read out and shown on hover. */
export function IconButton({
  label: said,
  icon: Icon,
  look = "quiet",
  className,
  isBusy,
  onClick,
  ...rest
}: ButtonProps & { label: string; icon: LucideIcon }) {
  const label = visible(said);
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      {...busy(isBusy, onClick)}
      className={cx(buttonClass(look, "icon"), isBusy && "opacity-65", className)}
    >
      <Icon size={16} aria-hidden strokeWidth={1.75} className="shrink-0" />
    </button>
  );
}
