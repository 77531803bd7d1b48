import { Checkbox as BaseCheckbox } from "@base-ui/react/checkbox";
import { Switch as BaseSwitch } from "@base-ui/react/switch";
import { Check } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./class";

const CONTROL =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm text-text hover:border-muted disabled:opacity-55 aria-invalid:border-danger";

/** A control with its label, a hint, and the sentence that says what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  className,
  children,
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  className?: string;
  children: (control: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}) {
  const id = useId();
  const about = `${id}-about`;
  return (
    <div className={cx("flex flex-col gap-1", className)}>
      <label htmlFor={id} className="text-table font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": hint || error ? about : undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {(hint || error) && (
        <p
          id={about}
          className={cx("text-xs", error ? "text-danger" : "text-muted")}
          role={error ? "alert" : undefined}
        >
          {error || hint}
        </p>
      )}
    </div>
  );
}

export function Input({ className, isMono, ...rest }: ComponentProps<"input"> & { isMono?: boolean }) {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      {...rest}
      className={cx(CONTROL, "h-8", isMono && "mono", className)}
    />
  );
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return (
    <textarea spellCheck={false} {...rest} className={cx(CONTROL, "mono py-1.5 leading-5", className)} />
  );
}

/** The browser's own list: it works with every keyboard, screen reader and phone. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <select {...rest} className={cx(CONTROL, "h-8 pr-1", className)}>
      {children}
    </select>
  );
}

export function Checkbox({
  label,
  isChecked,
  onChange,
  disabled,
  isMixed,
  isLabelHidden,
}: {
  label: ReactNode;
  isChecked: boolean;
  onChange: (is: boolean) => void;
  disabled?: boolean;
  isMixed?: boolean;
  isLabelHidden?: boolean;
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the checkbox of the library inside.
    <label className="inline-flex items-center gap-2 text-sm">
      <BaseCheckbox.Root
        checked={isChecked}
        indeterminate={isMixed}
        disabled={disabled}
        onCheckedChange={onChange}
        className="flex size-4 shrink-0 items-center justify-center rounded-sm border border-line-strong bg-surface data-checked:border-accent data-checked:bg-accent data-indeterminate:border-accent data-indeterminate:bg-accent data-disabled:opacity-55"
      >
        <BaseCheckbox.Indicator className="text-on-accent">
          {isMixed ? (
            <span className="block h-0.5 w-2 bg-current" />
          ) : (
            <Check size={12} strokeWidth={3} aria-hidden />
          )}
        </BaseCheckbox.Indicator>
      </BaseCheckbox.Root>
      <span className={isLabelHidden ? "sr-only" : undefined}>{label}</span>
    </label>
  );
}

export function Switch({
  label,
  isOn,
  onChange,
  disabled,
}: {
  label: ReactNode;
  isOn: boolean;
  onChange: (is: boolean) => void;
  disabled?: boolean;
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the switch of the library inside.
    <label className="inline-flex items-center gap-2 text-sm">
      <BaseSwitch.Root
        checked={isOn}
        disabled={disabled}
        onCheckedChange={onChange}
        className="flex h-4.5 w-8 shrink-0 items-center rounded-full bg-line-strong p-0.5 data-checked:bg-accent data-disabled:opacity-55"
      >
        <BaseSwitch.Thumb className="size-3.5 rounded-full bg-surface transition-transform data-checked:translate-x-3.5" />
      </BaseSwitch.Root>
      {label}
    </label>
  );
}
