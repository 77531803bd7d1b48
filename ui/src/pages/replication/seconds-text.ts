import { count, duration, milliseconds } from "@/parts/format";

/** A span that may be below a second: `0 s`, `420 ms`, `1.8 s`, `3 min`. */
export function secondsText(seconds: number): string {
  return seconds < 60 ? chartSeconds(seconds) : duration(seconds);
}

/** The same in seconds, however many they are: `420 ms`, `1.8 s`, `180 s`. */
export function chartSeconds(seconds: number): string {
  if (seconds === 0) return "0 s";
  return seconds < 60 ? milliseconds(Math.round(seconds * 1_000)) : `${count(Math.round(seconds))} s`;
}
