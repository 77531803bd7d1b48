import type { ReactNode } from "react";
import type { At, Head } from "@/data/s3/object";
import { CopyButton } from "@/parts/copy";
import { bytes, exactBytes, exactTimes } from "@/parts/format";
import { LongText } from "@/parts/key-text";
import { Facts } from "@/parts/page";
import { Ago } from "@/parts/time";
import { Section } from "./section";

type Fact = readonly [ReactNode, ReactNode];

/** What is known of an object. */
export function ObjectFacts({ at, head }: { at: At; head: Head }) {
  const facts: Fact[] = [
    ["Key", <Long key="key" text={at.key} />],
    [
      "Size",
      <span key="size">
        {bytes(head.size)}
        {head.size >= 1024 && <span className="text-muted"> ({exactBytes(head.size)})</span>}
      </span>,
    ],
    ["Type", <Long key="type" text={head.type} />],
    [
      "Modified",
      <span key="modified">
        <Ago time={head.modified} /> <span className="text-muted">· {exactTimes(head.modified)[1]}</span>
      </span>,
    ],
    ["Entity tag", <Long key="etag" text={head.etag} />],
    ...(head.checksum
      ? [[head.checksum.algorithm, <Long key="sum" text={head.checksum.value} />] as Fact]
      : []),
    ...(head.parts ? [["Parts", head.parts] as Fact] : []),
    ...(head.versionId ? [["Version", <Long key="version" text={head.versionId} />] as Fact] : []),
    ["Encryption", head.encryption ? `${head.encryption} ${head.kmsKey ?? ""}` : "none"],
    ...(head.expiration ? [["Expires", expiry(head.expiration)] as Fact] : []),
    ...head.headers.map(([name, value]): Fact => [name, <Long key={name} text={value} />]),
  ];
  return (
    <Section title="About">
      <Facts facts={facts} />
    </Section>
  );
}

/** Text of any length and script, with a button that copies it. */
function Long({ text }: { text: string }) {
  return (
    <span className="flex items-start gap-1">
      <LongText text={text} />
      <CopyButton text={text} className="-my-1 shrink-0" />
    </span>
  );
}

/** When and by which rule: `expiry-date="Fri, 23 Dec 2012 00:00:00 GMT", rule-id="x"`. */
function expiry(header: string): string {
  const date = /expiry-date="([^"]+)"/.exec(header)?.[1];
  const rule = /rule-id="([^"]+)"/.exec(header)?.[1];
  if (date === undefined) return header;
  const day = new Date(date).toISOString().slice(0, 10);
  return rule === undefined ? day : `${day}, by the rule ${decodeURIComponent(rule)}`;
}
