/** The XML of S3, read and written. What is read is checked here once: an element that has to be there and is not, throws. */

/** An element of an answer. */
export class Element {
  constructor(private readonly node: ParentNode & { readonly textContent: string | null }) {}

  /** The first child of a name. */
  child(name: string): Element | undefined {
    return this.children(name)[0];
  }

  /** All children of a name, in their order. */
  children(name: string): Element[] {
    const found: Element[] = [];
    for (let node = (this.node as unknown as Node).firstChild; node !== null; node = node.nextSibling) {
      if ((node as globalThis.Element).localName === name)
        found.push(new Element(node as globalThis.Element));
    }
    return found;
  }

  /** All children with their names, in their order. */
  entries(): [string, Element][] {
    const found: [string, Element][] = [];
    for (let node = (this.node as unknown as Node).firstChild; node !== null; node = node.nextSibling) {
      const name = (node as globalThis.Element).localName;
      if (name) found.push([name, new Element(node as globalThis.Element)]);
    }
    return found;
  }

  /** Whether it is an `And` of conditions. */
  get isAnd(): boolean {
    return (this.node as unknown as globalThis.Element).localName === "And";
  }

  /** The text of the element itself. */
  get content(): string {
    return this.node.textContent ?? "";
  }

  /** The text of a child, if there is one. */
  text(name: string): string | undefined {
    return this.child(name)?.content;
  }

  /** The text of a child that has to be there. */
  need(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw new Error(`an answer of S3 has no ${name}`);
    return text;
  }

  /** The number of a child that has to be there. */
  number(name: string): number {
    const value = Number(this.need(name));
    if (!Number.isFinite(value)) throw new Error(`${name} in an answer of S3 is no number`);
    return value;
  }

  is(name: string): boolean {
    return this.text(name) === "true";
  }
}

/** References to characters that XML 1.0 does not have. S3 sends them in keys; a parser of the browser refuses them. */
const REFERENCE = /&#(x[0-9a-f]+|\d+);/gi;

function isCharacter(code: number): boolean {
  return (
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

/** Reads a document whose root has a name. */
export function readXml(text: string, root: string, parser: DOMParser = new DOMParser()): Element {
  const cleaned = text.replace(REFERENCE, (whole, digits: string) => {
    const code = /^x/i.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number(digits);
    return isCharacter(code) ? whole : "\uFFFD";
  });
  const document = parser.parseFromString(cleaned, "application/xml");
  const top = document.documentElement;
  if (top === null || top.localName !== root) throw new Error(`an answer of S3 is no ${root}`);
  return new Element(top);
}

/** What an element is written from: text, elements within, or nothing. Lists repeat an element. */
export type Content =
  | string
  | number
  | boolean
  | undefined
  | { readonly [name: string]: Content | readonly Content[] };

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      // A parser makes one space or line feed of several of these, unless they are references.
      if (code < 0x20) return `&#x${code.toString(16)};`;
      return ESCAPES[character] ?? character;
    })
    .join("");
}

/** Writes an element. */
export function writeXml(name: string, content: Content): string {
  return `<${name}>${inner(content)}</${name}>`;
}

function inner(content: Content): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return escaped(String(content));
  return Object.entries(content)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as readonly Content[]) : [value as Content])
        .filter((each) => each !== undefined)
        .map((each) => writeXml(name, each)),
    )
    .join("");
}
