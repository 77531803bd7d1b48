/** Settings of buckets as JSON, as the AWS command line takes and prints them: lists have a plural name there, and none in XML. */
import type { Content, Element } from "./xml";

export type Json = string | number | boolean | { [name: string]: Json } | Json[];
export type JsonObject = { [name: string]: Json };

const LISTS: Record<string, string> = {
  Rule: "Rules",
  Tag: "Tags",
  CORSRule: "CORSRules",
  AllowedOrigin: "AllowedOrigins",
  AllowedMethod: "AllowedMethods",
  AllowedHeader: "AllowedHeaders",
  ExposeHeader: "ExposeHeaders",
};
const SINGULAR: Record<string, string> = Object.fromEntries(
  Object.entries(LISTS).map(([one, many]) => [many, one]),
);
const NUMBERS =
  /^(Priority|Days|NoncurrentDays|NewerNoncurrentVersions|DaysAfterInitiation|ObjectSize(Greater|Less)Than|MaxAgeSeconds|Years)$/;
const FLAGS = /^(ExpiredObjectDeleteMarker|BucketKeyEnabled)$/;
/** Elements that hold others, also if they are empty. */
const OBJECTS = /^(Filter|And|Rule|CORSRule)$/;

export function toJson(element: Element): JsonObject {
  const found: JsonObject = {};
  for (const [name, child] of element.entries()) {
    const list = LISTS[name];
    // A filter by tag has one tag; only `And` has a list of them.
    const isList = list !== undefined && !(name === "Tag" && !element.isAnd);
    const value = jsonOf(name, child);
    if (isList) found[list] = [...((found[list] as Json[] | undefined) ?? []), value];
    else found[name] = value;
  }
  return found;
}

function jsonOf(name: string, element: Element): Json {
  if (OBJECTS.test(name) || element.entries().length > 0) return toJson(element);
  const text = element.content;
  if (NUMBERS.test(name)) return Number(text);
  return FLAGS.test(name) ? text === "true" : text;
}

/** What is written as XML. Null and what is no object of JSON are refused with a sentence. */
export function toContent(json: unknown): Content {
  if (typeof json === "string" || typeof json === "number" || typeof json === "boolean") return json;
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    throw new SyntaxError("This has to be an object: { … }.");
  }
  const found: Record<string, Content | readonly Content[]> = {};
  for (const [name, value] of Object.entries(json)) {
    if (!/^[A-Za-z]+$/.test(name)) throw new SyntaxError(`${JSON.stringify(name)} is no name of a setting.`);
    const one = SINGULAR[name];
    if (one !== undefined) {
      if (!Array.isArray(value)) throw new SyntaxError(`${name} is a list: [ … ].`);
      found[one] = value.map(toContent);
    } else found[name] = toContent(value);
  }
  return found as Content;
}
