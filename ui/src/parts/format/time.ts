const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** A time of day with milliseconds: `13:03:37.123`. */
export function clock(time: string | number): string {
  const date = new Date(time);
  return `${CLOCK.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** A moment that is short: `22 Nov, 13:03`. */
export function moment(time: string | number): string {
  return SHORT.format(new Date(time));
}

/** A day: `22 Nov 2026`. */
export function day(time: string | number): string {
  return DAY.format(new Date(time));
}

/** A moment in full, in the reader's zone and in UTC. */
export function exactTimes(time: string | number): [string, string] {
  const date = new Date(time);
  return [`${DAY.format(date)}, ${clock(time)} here`, date.toISOString()];
}

/** Both as one text. */
export function exactTime(time: string | number): string {
  return exactTimes(time).join(" · ");
}

/** A span: `42 s`, `3 min`, `5 h 12 min`, `3 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`;
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days === 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  if (days < 10 && hours > 0) return `${days} d ${hours} h`;
  return `${days} d`;
}

/** How long ago, or in how long: `3 min ago`, `in 2 d`. */
export function relative(time: string | number, now = Date.now()): string {
  const seconds = (now - new Date(time).getTime()) / 1_000;
  if (Math.abs(seconds) < 2) return "now";
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}
