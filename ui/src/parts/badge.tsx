import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleX,
  Info,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import type { ReactNode } from "react";
import { nameOf } from "@/data/event";
import { cx } from "./class";

const FAMILIES: Record<string, string> = {
  object: "object",
  upload: "object",
  bucket: "bucket",
  node: "node",
  content: "repair",
  repair: "repair",
  replication: "replication",
  link: "replication",
  target: "replication",
  consumer: "replication",
  user: "user",
  group: "user",
  key: "user",
  policy: "user",
  session: "user",
  secret: "user",
  kms_key: "user",
  quota: "quota",
};

/** The families of event types, each with a colour of its own. */
export const NOUN_FAMILIES = [
  "object",
  "bucket",
  "node",
  "repair",
  "replication",
  "user",
  "quota",
  "region",
] as const;

/** The colour of a noun, as a value for CSS. */
export function nounColour(noun: string): string {
  return `var(--noun-${FAMILIES[noun] ?? "region"})`;
}

/** A type of event in the colour of its noun. */
export function EventType({ type, className }: { type: string; className?: string }) {
  const name = nameOf(type);
  const colour = nounColour(name.split(".")[0] ?? "");
  return (
    <span
      className={cx("inline-flex min-w-0 items-center gap-1.5 font-mono text-xs", className)}
      style={{ color: colour }}
    >
      <span className="size-2 shrink-0 rounded-[2px]" style={{ background: colour }} aria-hidden />
      <span className="truncate">{name}</span>
    </span>
  );
}

export type Tone = "ok" | "notice" | "warning" | "danger" | "none";

const TONES: Record<Tone, { text: string; icon: LucideIcon }> = {
  ok: { text: "text-ok", icon: CircleCheck },
  notice: { text: "text-notice", icon: Info },
  warning: { text: "text-warning", icon: TriangleAlert },
  danger: { text: "text-danger", icon: CircleX },
  none: { text: "text-muted", icon: CircleDashed },
};

/** A state: a colour, a shape and a word. */
export function State({
  tone,
  children,
  className,
}: {
  tone: Tone;
  children: ReactNode;
  className?: string;
}) {
  const { text, icon: Icon } = TONES[tone];
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1.5 align-top text-table whitespace-nowrap",
        text,
        className,
      )}
    >
      <Icon size={14} aria-hidden className="shrink-0" />
      {children}
    </span>
  );
}

/** The icon of a tone, for larger places. */
export function toneIcon(tone: Tone): LucideIcon {
  return tone === "danger" ? CircleAlert : TONES[tone].icon;
}

export function toneText(tone: Tone): string {
  return TONES[tone].text;
}

/** A short word about something: a zone, a role, a setting. */
export function Tag({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <span
      className={cx(
        "inline-flex h-5 items-center rounded-sm border border-line px-1.5 text-xs whitespace-nowrap text-muted",
        className,
      )}
    >
      {children}
    </span>
  );
}
