/** Rules of a bucket in words. */
import type { Json, JsonObject } from "@/data/s3/json";
import { bytes, plural, visible } from "@/parts/format";

const object = (value: Json | undefined): JsonObject =>
  typeof value === "object" && !Array.isArray(value) ? value : {};
const number = (value: Json | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;
const text = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);
const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

function listed(parts: readonly string[], word = "and"): string {
  if (parts.length <= 1) return parts[0] ?? "";
  return `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

/** What a lifecycle rule does, as sentences. */
export function lifecycleInWords(rule: JsonObject): string[] {
  const about = subject(rule);
  const expiration = object(rule.Expiration);
  const noncurrent = object(rule.NoncurrentVersionExpiration);
  const abort = number(object(rule.AbortIncompleteMultipartUpload).DaysAfterInitiation);
  const said: string[] = [];
  const days = number(expiration.Days);
  if (days !== undefined) said.push(`${about} expire ${plural(days, "day")} after they were written.`);
  const date = text(expiration.Date);
  if (date !== undefined) said.push(`${about} expire on ${date.slice(0, 10)}.`);
  if (expiration.ExpiredObjectDeleteMarker === true)
    said.push(`Of ${lower(about)}, delete markers are removed when they hide no version any more.`);
  const after = number(noncurrent.NoncurrentDays);
  if (after !== undefined) {
    const kept = number(noncurrent.NewerNoncurrentVersions);
    const but = kept === undefined ? "" : `, but the newest ${plural(kept, "version")} of them stay`;
    said.push(`Of ${lower(about)}, versions expire ${plural(after, "day")} after they were replaced${but}.`);
  }
  if (abort !== undefined)
    said.push(
      `Uploads${prefixOf(rule) ? ` of keys that begin with ${prefixOf(rule)}` : ""} that are not completed are aborted after ${plural(abort, "day")}.`,
    );
  return said.length === 0 ? ["This rule does nothing that this page has words for."] : said;
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function prefixOf(rule: JsonObject): string | undefined {
  const filter = object(rule.Filter);
  const prefix = text(filter.Prefix) ?? text(object(filter.And).Prefix) ?? text(rule.Prefix);
  return prefix === undefined || prefix === "" ? undefined : visible(prefix);
}

/** The objects that a rule is about. */
function subject(rule: JsonObject): string {
  const filter = object(rule.Filter);
  const and = object(filter.And);
  const prefix = prefixOf(rule);
  const tags = [...(filter.Tag === undefined ? [] : [filter.Tag]), ...list(and.Tags)].map(object);
  const above = number(filter.ObjectSizeGreaterThan) ?? number(and.ObjectSizeGreaterThan);
  const below = number(filter.ObjectSizeLessThan) ?? number(and.ObjectSizeLessThan);
  const conditions = [
    prefix === undefined ? "" : `begin with ${prefix}`,
    ...tags.map((tag) => `are tagged ${visible(`${text(tag.Key)}=${text(tag.Value)}`)}`),
    above === undefined ? "" : `are larger than ${bytes(above)}`,
    below === undefined ? "" : `are smaller than ${bytes(below)}`,
  ].filter(Boolean);
  return conditions.length === 0 ? "All objects" : `Objects that ${listed(conditions)}`;
}

/** What a replication rule sends, as sentences. */
export function replicationInWords(rule: JsonObject): string[] {
  const destination = object(rule.Destination);
  const isOn = (value: Json | undefined) => text(object(value).Status) === "Enabled";
  const modifications = object(rule.SourceSelectionCriteria).ReplicaModifications;
  // The older form of a rule, which has no filter, always replicates delete markers.
  const hasMarkers = rule.Filter === undefined || isOn(rule.DeleteMarkerReplication);
  const said = [
    `${subject(rule)} are replicated to ${placeOf(text(destination.Bucket) ?? "")}.`,
    hasMarkers ? "Delete markers are replicated, too." : "Delete markers are not replicated.",
  ];
  if (isOn(rule.ExistingObjectReplication)) said.push("Versions from before the rule are replicated, too.");
  if (isOn(rule.DeleteReplication)) said.push("Permanent deletions of versions are replicated, too.");
  if (isOn(modifications)) said.push("Changes of tags and locks of replicas are replicated, too.");
  const storageClass = text(destination.StorageClass);
  if (storageClass !== undefined) said.push(`The replicas have the storage class ${storageClass}.`);
  return said;
}

/** The bucket that an ARN names, and its region. */
function placeOf(arn: string): string {
  const [, , , region, , bucket] = arn.split(":");
  if (!bucket) return "no bucket";
  return region ? `${bucket} in ${region}` : `${bucket} in the region of the only link`;
}

/** What a CORS rule allows, as a sentence. */
export function corsInWords(rule: JsonObject): string {
  const strings = (value: Json | undefined) => list(value).map(String);
  const origins = strings(rule.AllowedOrigins);
  const who = origins.includes("*") ? "Pages of every origin" : `Pages of ${listed(origins)}`;
  const headers = strings(rule.AllowedHeaders);
  const sent = headers.length === 0 ? "" : `, with the headers ${listed(headers)}`;
  const read = strings(rule.ExposeHeaders);
  const exposed = read.length === 0 ? "" : `, and read ${listed(read)}`;
  const age = number(rule.MaxAgeSeconds);
  const kept = age === undefined ? "" : ` Browsers remember this for ${plural(age, "second")}.`;
  return `${who} may send ${listed(strings(rule.AllowedMethods))}${sent}${exposed}.${kept}`;
}
