/** Policies in words. What is not known by a word is shown as it is written: nothing is left out or rounded. */

import { visible } from "../format";

export interface Sentence {
  readonly isAllowed: boolean;
  readonly text: string;
  /** Whether people who do not sign in are among those who may. */
  readonly isPublic: boolean;
}

interface Statement {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

const ACTIONS: Record<string, string> = {
  "*": "do everything",
  "s3:*": "do everything of S3",
  "s3:getobject": "read objects",
  "s3:getobjectversion": "read versions",
  "s3:putobject": "write objects",
  "s3:deleteobject": "delete objects",
  "s3:deleteobjectversion": "delete versions for ever",
  "s3:listbucket": "list keys",
  "s3:listbucketversions": "list versions",
  "s3:listallmybuckets": "list buckets",
  "s3:createbucket": "create buckets",
  "s3:deletebucket": "delete buckets",
  "s3:getbucketpolicy": "read the policy",
  "s3:putbucketpolicy": "change the policy",
  "s3:putlifecycleconfiguration": "change the lifecycle rules",
  "s3:getobjecttagging": "read tags of objects",
  "s3:putobjecttagging": "tag objects",
  "s3:abortmultipartupload": "abort uploads",
  "s3:listmultipartuploadparts": "list parts of uploads",
  "s3:listbucketmultipartuploads": "list uploads",
  "s3:bypassgovernanceretention": "bypass governance retention",
  "admin:*": "administer the store",
};

const OPERATORS: Record<string, string> = {
  StringEquals: "is",
  StringNotEquals: "is not",
  StringEqualsIgnoreCase: "is (ignoring case)",
  StringLike: "is like",
  StringNotLike: "is not like",
  IpAddress: "is in",
  NotIpAddress: "is not in",
  Bool: "is",
  NumericLessThan: "is less than",
  NumericLessThanEquals: "is at most",
  NumericGreaterThan: "is more than",
  NumericGreaterThanEquals: "is at least",
  NumericEquals: "is",
  DateLessThan: "is before",
  DateGreaterThan: "is after",
  ArnLike: "is like",
  ArnEquals: "is",
};

/** Says each statement in words. What is no policy is a sentence, too: the reason is thrown. */
export function inWords(document: string): Sentence[] {
  const parsed: unknown = JSON.parse(document);
  const statements = (parsed as { Statement?: unknown } | null)?.Statement;
  const list = Array.isArray(statements) ? statements : statements === undefined ? [] : [statements];
  return list.map((statement) => sentenceOf(statement as Statement));
}

function sentenceOf(statement: Statement): Sentence {
  const isAllowed = statement.Effect !== "Deny";
  const who = principal(statement);
  const conditions = conditionsOf(statement);
  const verb = isAllowed ? "may" : "may not";
  const text = `${who.text} ${verb} ${`${actions(statement)} ${resources(statement)}`.trim()}${conditions}.`;
  return { isAllowed, text: visible(text), isPublic: isAllowed && who.isEveryone };
}

function texts(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

function listed(parts: readonly string[], word: string): string {
  if (parts.length <= 1) return parts[0] ?? "";
  return `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

function principal({ Principal, NotPrincipal }: Statement): { text: string; isEveryone: boolean } {
  if (NotPrincipal !== undefined)
    return { text: `Everyone but ${listed(names(NotPrincipal), "and")}`, isEveryone: true };
  if (Principal === undefined) return { text: "Whoever has this policy", isEveryone: false };
  const found = names(Principal);
  if (found.includes("*")) return { text: "Everyone, signed in or not,", isEveryone: true };
  return { text: listed(found, "and") || "Nobody", isEveryone: false };
}

function names(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return texts(value).map(named);
  return Object.values(value).flatMap((each) => texts(each).map(named));
}

function named(arn: string): string {
  return arn.replace(/^arn:aws:iam::[^:]*:(user\/)?/, "");
}

function actions({ Action, NotAction }: Statement): string {
  const said = (action: string) =>
    ACTIONS[action.toLowerCase()] ??
    (/^[^*?]+\*$/.test(action) ? `do all that begins with ${action.slice(0, -1)}` : `do ${action}`);
  if (NotAction !== undefined) return `do everything but ${listed(texts(NotAction), "and")}`;
  return listed(texts(Action).map(said), "and");
}

function resources({ Resource, NotResource }: Statement): string {
  if (NotResource !== undefined) return `(everything but ${listed(texts(NotResource).map(resource), "and")})`;
  const found = texts(Resource).map(resource);
  return found.length === 0 ? "" : `(${listed(found, "and")})`;
}

function resource(arn: string): string {
  if (arn === "*") return "everything";
  const path = arn.replace(/^arn:aws:s3:::/, "");
  if (path === "*") return "all buckets and objects";
  const slash = path.indexOf("/");
  if (slash < 0) return /[*?]/.test(path) ? `buckets like ${path} and their objects` : `the bucket ${path}`;
  const [bucket, key] = [path.slice(0, slash), path.slice(slash + 1)];
  if (key === "*") return `all objects of ${bucket}`;
  if (/^[^*?]*\*$/.test(key)) return `objects of ${bucket} that begin with ${key.slice(0, -1)}`;
  return /[*?]/.test(key) ? `objects of ${bucket} like ${key}` : `${key} of ${bucket}`;
}

function conditionsOf({ Condition }: Statement): string {
  const found = Object.entries(Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => condition(operator, key, texts(value))),
  );
  return found.length === 0 ? "" : `, if ${listed(found, "and")}`;
}

function condition(operator: string, key: string, values: readonly string[]): string {
  const isOptional = operator.endsWith("IfExists");
  const plain = operator.replace(/IfExists$/, "").replace(/^For(Any|All)Values?:/, "");
  if (plain === "Null") return values[0] === "true" ? `${key} is absent` : `${key} is there`;
  const known = operator.includes(":") ? undefined : OPERATORS[plain];
  const text = `${key} ${known ?? `(${operator})`} ${listed(values, "or")}`;
  return isOptional ? `${text} or absent` : text;
}
