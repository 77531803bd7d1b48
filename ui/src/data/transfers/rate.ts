/** Bytes a second over the last seconds. */

const WINDOW_MS = 5_000;
const STEP_MS = 250;

export class Rate {
  private readonly steps: { at: number; bytes: number }[] = [];

  add(bytes: number, now: number): void {
    const at = Math.floor(now / STEP_MS) * STEP_MS;
    const last = this.steps.at(-1);
    if (last?.at === at) last.bytes += bytes;
    else this.steps.push({ at, bytes });
    while ((this.steps[0]?.at ?? now) < now - WINDOW_MS) this.steps.shift();
  }

  perSecond(now: number): number {
    const recent = this.steps.filter(({ at }) => at >= now - WINDOW_MS);
    const first = recent[0];
    if (first === undefined) return 0;
    const bytes = recent.reduce((sum, each) => sum + each.bytes, 0);
    return bytes / (Math.max(1_000, now - first.at) / 1_000);
  }
}
