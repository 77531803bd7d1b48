/** Settings of a bucket that its pages need. */
import { queryOptions } from "@tanstack/react-query";
import { Refused, send } from "./http";
import { bucketAddress } from "./s3/address";
import { readXml } from "./s3/xml";

export type Versioning = "Enabled" | "Suspended" | "Never";

/** Whether a bucket keeps versions. */
export function versioningQuery(bucket: string) {
  return queryOptions({
    queryKey: ["s3", "versioning", bucket],
    queryFn: async ({ signal }): Promise<Versioning> => {
      const text = await (await send(bucketAddress(bucket, { versioning: "" }), { signal })).text();
      const status = readXml(text, "VersioningConfiguration").text("Status");
      return status === "Enabled" || status === "Suspended" ? status : "Never";
    },
    meta: { nouns: ["bucket"] },
  });
}

export interface Lock {
  readonly isOn: boolean;
  readonly mode?: "GOVERNANCE" | "COMPLIANCE";
  readonly days?: number;
  readonly years?: number;
}

/** Whether versions of a bucket can be locked, and for how long new ones are. */
export function lockQuery(bucket: string) {
  return queryOptions({
    queryKey: ["s3", "object-lock", bucket],
    queryFn: async ({ signal }): Promise<Lock> => {
      const text = await absent(send(bucketAddress(bucket, { "object-lock": "" }), { signal }));
      if (text === undefined) return { isOn: false };
      const root = readXml(text, "ObjectLockConfiguration");
      const rule = root.child("Rule")?.child("DefaultRetention");
      const number = (name: string) => (rule?.text(name) === undefined ? undefined : rule.number(name));
      return {
        isOn: root.text("ObjectLockEnabled") === "Enabled",
        mode: rule?.text("Mode") as Lock["mode"],
        days: number("Days"),
        years: number("Years"),
      };
    },
    meta: { nouns: ["bucket"] },
  });
}

/** The text of a setting; absent if the bucket does not have it. */
export async function absent(asked: Promise<Response>): Promise<string | undefined> {
  try {
    return await (await asked).text();
  } catch (error) {
    if (error instanceof Refused && error.status === 404 && error.code !== "NoSuchBucket") return undefined;
    throw error;
  }
}
