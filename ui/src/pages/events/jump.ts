/** Where to play from, as people write it. */

export type Place = { readonly after: number } | { readonly since: string };

const UNITS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Understands `#1204`, `1,204`, `2h`, `30 min ago`, `12:30`, `2026-11-22 12:30`; absent if it is none of these. */
export function parsePlace(text: string, now: Date): Place | undefined {
  const wanted = text.trim();
  const sequence = /^#?(\d[\d,]*)$/.exec(wanted)?.[1];
  if (sequence !== undefined) return { after: Math.max(0, Number(sequence.replaceAll(",", "")) - 1) };
  const ago = /^(\d+)\s*(s|m|min|h|d|w)(\s+ago)?$/i.exec(wanted);
  if (ago?.[1] && ago[2]) {
    const seconds = Number(ago[1]) * (UNITS[ago[2].toLowerCase()] ?? 0);
    return { since: new Date(now.getTime() - seconds * 1_000).toISOString() };
  }
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(wanted);
  if (clock) {
    const time = new Date(now);
    time.setHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), 0);
    // A time that is still to come today was meant of yesterday.
    if (time > now) time.setDate(time.getDate() - 1);
    return { since: time.toISOString() };
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(wanted)) return undefined;
  const time = new Date(wanted.replace(" ", "T"));
  return Number.isNaN(time.getTime()) ? undefined : { since: time.toISOString() };
}
