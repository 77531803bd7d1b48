import { expect, test } from "vitest";
import { inWords } from "./words";

const words = (...statements: object[]) =>
  inWords(JSON.stringify({ Version: "2012-10-17", Statement: statements })).map(({ text }) => text);

test("who may read what", () => {
  expect(
    words({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/*" }),
  ).toEqual(["Everyone, signed in or not, may read objects (all objects of photos)."]);
  expect(
    words({
      Effect: "Deny",
      Principal: { AWS: ["arn:aws:iam:::user/ada", "arn:aws:iam:::user/bob"] },
      Action: ["s3:PutObject", "s3:DeleteObject"],
      Resource: ["arn:aws:s3:::photos/raw/*", "arn:aws:s3:::photos/a.txt"],
    }),
  ).toEqual([
    "ada and bob may not write objects and delete objects (objects of photos that begin with raw/ and a.txt of photos).",
  ]);
});

test("conditions are said with their keys and values", () => {
  expect(
    words({
      Effect: "Allow",
      Principal: "*",
      Action: "s3:ListBucket",
      Resource: "arn:aws:s3:::photos",
      Condition: {
        IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "::1"] },
        Bool: { "aws:SecureTransport": "true" },
      },
    }),
  ).toEqual([
    "Everyone, signed in or not, may list keys (the bucket photos), if aws:SourceIp is in 10.0.0.0/8 or ::1 and aws:SecureTransport is true.",
  ]);
});

test("nothing that is not known is left out", () => {
  expect(
    words({
      Effect: "Allow",
      Action: "s3:Whatever",
      Resource: "*",
      Condition: {
        "ForAnyValue:StringLike": { "aws:TagKeys": "x*" },
        NumericLessThanIfExists: { "s3:max-keys": 10 },
      },
    }),
  ).toEqual([
    "Whoever has this policy may do s3:Whatever (everything), if aws:TagKeys (ForAnyValue:StringLike) x* and s3:max-keys is less than 10 or absent.",
  ]);
  expect(
    words({
      Effect: "Deny",
      NotPrincipal: { AWS: "ada" },
      NotAction: "s3:Get*",
      NotResource: "arn:aws:s3:::a*",
    }),
  ).toEqual([
    "Everyone but ada may not do everything but s3:Get* (everything but buckets like a* and their objects).",
  ]);
});

test("what everyone may do is public, and what nobody may is not", () => {
  const one = (statement: object) => inWords(JSON.stringify({ Statement: statement }))[0];
  expect(one({ Effect: "Allow", Principal: { AWS: "*" }, Action: "s3:GetObject" })?.isPublic).toBe(true);
  expect(one({ Effect: "Deny", Principal: "*", Action: "s3:GetObject" })?.isPublic).toBe(false);
  expect(() => inWords("{")).toThrow();
});

test("patterns of actions and of buckets are said with all that they match", () => {
  expect(words({ Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: "arn:aws:s3:::*" })).toEqual([
    "Whoever has this policy may do all that begins with s3:Get and do all that begins with s3:List (all buckets and objects).",
  ]);
  expect(words({ Effect: "Allow", Action: "s3:Get*Tagging", Resource: "arn:aws:s3:::log-?" })).toEqual([
    "Whoever has this policy may do s3:Get*Tagging (buckets like log-? and their objects).",
  ]);
});

test("a variable stays as it is written", () => {
  const variable = "$" + "{aws:username}";
  expect(
    words({ Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::home/${variable}/*` }),
  ).toEqual([`Whoever has this policy may write objects (objects of home that begin with ${variable}/).`]);
});
