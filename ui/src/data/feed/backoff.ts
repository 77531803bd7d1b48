/** Milliseconds to wait before the next attempt to connect, after so many that failed. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(15_000, 500 * 2 ** Math.min(failures, 10));
  return Math.round(ceiling * (0.5 + random() / 2));
}
