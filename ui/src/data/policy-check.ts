/** Asks whether somebody may do something, and why. */
import * as z from "zod/mini";
import { ask } from "./call";

const Checked = z.object({ allowed: z.boolean(), reasons: z.array(z.string()) });
export type Checked = z.infer<typeof Checked>;

export interface PolicyQuestion {
  /** Who; absent for somebody who does not sign in. */
  readonly user?: string;
  readonly action: string;
  readonly bucket?: string;
  readonly key?: string;
}

export async function checkPolicy({ user, action, bucket, key }: PolicyQuestion): Promise<Checked> {
  const json = { user: user || undefined, action, bucket, key: key || undefined };
  return (await ask("/api/v1/policy-check", Checked, { method: "POST", json })).answer;
}
