/** Settings of a bucket, each a small document of S3. */
import { queryOptions } from "@tanstack/react-query";
import { absent } from "../bucket";
import type { Answered } from "../call";
import { send } from "../http";
import { bucketAddress } from "./address";
import { type JsonObject, toContent, toJson } from "./json";
import { change } from "./object";
import { readXml, writeXml } from "./xml";

/** Settings that are lists of rules, by their sub-resource and the name of their document. */
export const RULES = {
  lifecycle: { root: "LifecycleConfiguration", list: "Rules" },
  cors: { root: "CORSConfiguration", list: "CORSRules" },
  replication: { root: "ReplicationConfiguration", list: "Rules" },
} as const;
export type RulesOf = keyof typeof RULES;

/** The rules of a setting; none if it was never set. */
export function rulesQuery(bucket: string, of: RulesOf) {
  const { list } = RULES[of];
  return queryOptions({
    queryKey: ["s3", of, bucket],
    queryFn: async ({ signal }): Promise<JsonObject[]> =>
      ((await documentOf(bucket, of, signal))?.[list] as JsonObject[] | undefined) ?? [],
    meta: { nouns: ["bucket"] },
  });
}

/** The document of a setting; absent if it was never set. */
async function documentOf(
  bucket: string,
  of: RulesOf,
  signal?: AbortSignal,
): Promise<JsonObject | undefined> {
  const text = await absent(send(bucketAddress(bucket, { [of]: "" }), { signal }));
  return text === undefined ? undefined : toJson(readXml(text, RULES[of].root));
}

/** Sets all rules of a setting; without any, the setting is removed. */
export async function putRules(bucket: string, of: RulesOf, rules: readonly JsonObject[]) {
  const address = bucketAddress(bucket, { [of]: "" });
  if (rules.length === 0) return change(address, "DELETE");
  const { root, list } = RULES[of];
  // Replication has a role beside its rules, which S3 wants and clients get back.
  const role = of === "replication" ? { Role: (await documentOf(bucket, of))?.Role ?? "" } : {};
  return change(address, "PUT", writeXml(root, toContent({ ...role, [list]: rules })));
}

export function putVersioning(bucket: string, isOn: boolean) {
  const body = writeXml("VersioningConfiguration", { Status: isOn ? "Enabled" : "Suspended" });
  return change(bucketAddress(bucket, { versioning: "" }), "PUT", body);
}

/** Whether reads and lists of a bucket are recorded. */
export function loggingQuery(bucket: string) {
  return queryOptions({
    queryKey: ["s3", "logging", bucket],
    queryFn: async ({ signal }): Promise<boolean> => {
      const text = await (await send(bucketAddress(bucket, { logging: "" }), { signal })).text();
      return readXml(text, "BucketLoggingStatus").child("LoggingEnabled") !== undefined;
    },
    meta: { nouns: ["bucket"] },
  });
}

/** Has them recorded or not. S3 wants a place for files of records; this store keeps them itself, and writes none. */
export function putLogging(bucket: string, isOn: boolean) {
  const place = { TargetBucket: bucket, TargetPrefix: "log/" };
  const body = writeXml("BucketLoggingStatus", isOn ? { LoggingEnabled: place } : {});
  return change(bucketAddress(bucket, { logging: "" }), "PUT", body);
}

export interface DefaultEncryption {
  readonly algorithm: "none" | "AES256" | "aws:kms";
  readonly kmsKey?: string;
}

export function encryptionQuery(bucket: string) {
  return queryOptions({
    queryKey: ["s3", "encryption", bucket],
    queryFn: async ({ signal }): Promise<DefaultEncryption> => {
      const text = await absent(send(bucketAddress(bucket, { encryption: "" }), { signal }));
      if (text === undefined) return { algorithm: "none" };
      const root = readXml(text, "ServerSideEncryptionConfiguration");
      const rule = root.child("Rule")?.child("ApplyServerSideEncryptionByDefault");
      const algorithm = rule?.need("SSEAlgorithm") === "aws:kms" ? "aws:kms" : "AES256";
      return { algorithm, kmsKey: rule?.text("KMSMasterKeyID") };
    },
    meta: { nouns: ["bucket"] },
  });
}

export function putEncryption(bucket: string, { algorithm, kmsKey }: DefaultEncryption) {
  const address = bucketAddress(bucket, { encryption: "" });
  if (algorithm === "none") return change(address, "DELETE");
  const byDefault = {
    SSEAlgorithm: algorithm,
    KMSMasterKeyID: algorithm === "aws:kms" ? kmsKey || undefined : undefined,
  };
  const body = writeXml("ServerSideEncryptionConfiguration", {
    Rule: { ApplyServerSideEncryptionByDefault: byDefault },
  });
  return change(address, "PUT", body);
}

export interface DefaultRetention {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly days: number;
}

/** Sets for how long new versions are locked; `undefined` locks no new ones. */
export function putDefaultRetention(bucket: string, retention: DefaultRetention | undefined) {
  const body = writeXml("ObjectLockConfiguration", {
    ObjectLockEnabled: "Enabled",
    Rule: retention && { DefaultRetention: { Mode: retention.mode, Days: retention.days } },
  });
  return change(bucketAddress(bucket, { "object-lock": "" }), "PUT", body);
}

export interface Access {
  /** The policy as it is written; absent if there is none. */
  readonly policy?: string;
  readonly isPublic: boolean;
  readonly block: PublicBlock;
}

export const BLOCKS = [
  "BlockPublicAcls",
  "IgnorePublicAcls",
  "BlockPublicPolicy",
  "RestrictPublicBuckets",
] as const;
export type PublicBlock = Record<(typeof BLOCKS)[number], boolean>;

/** Who may use a bucket beyond the policies of users. */
export function accessQuery(bucket: string) {
  return queryOptions({
    queryKey: ["s3", "access", bucket],
    queryFn: async ({ signal }): Promise<Access> => {
      const ask = (what: string) => send(bucketAddress(bucket, { [what]: "" }), { signal });
      const [policy, status, block] = await Promise.all([
        absent(ask("policy")),
        absent(ask("policyStatus")),
        absent(ask("publicAccessBlock")),
      ]);
      const isPublic =
        status !== undefined && readXml(status, "PolicyStatus").text("IsPublic")?.toLowerCase() === "true";
      const set = block === undefined ? undefined : readXml(block, "PublicAccessBlockConfiguration");
      const is = (name: (typeof BLOCKS)[number]) => set?.is(name) ?? false;
      return {
        policy,
        isPublic,
        block: {
          BlockPublicAcls: is("BlockPublicAcls"),
          IgnorePublicAcls: is("IgnorePublicAcls"),
          BlockPublicPolicy: is("BlockPublicPolicy"),
          RestrictPublicBuckets: is("RestrictPublicBuckets"),
        },
      };
    },
    meta: { nouns: ["bucket"] },
  });
}

/** Sets the policy; an empty one is removed. */
export async function putPolicy(bucket: string, policy: string): Promise<Answered<unknown>> {
  const address = bucketAddress(bucket, { policy: "" });
  if (policy.trim() === "") return change(address, "DELETE");
  return change(address, "PUT", policy, { "content-type": "application/json" });
}

export function putPublicBlock(bucket: string, block: PublicBlock) {
  const address = bucketAddress(bucket, { publicAccessBlock: "" });
  if (!Object.values(block).some(Boolean)) return change(address, "DELETE");
  return change(address, "PUT", writeXml("PublicAccessBlockConfiguration", block));
}
