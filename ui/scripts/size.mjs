// Fails if what a browser loads first is too much: the entry, what it imports, and the styles, compressed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The limit of the JavaScript of the first load, in bytes of gzip. */
const SCRIPT_MAX_BYTES = 200_000;

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const page = readFileSync(join(dist, "index.html"), "utf8");
const named = (pattern) => [...page.matchAll(pattern)].map((match) => match[1]);
const scripts = new Set(named(/<(?:script|link)[^>]*?(?:src|href)="([^"]+\.js)"/g));
const size = (paths) =>
  [...paths].reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0);
// What scripts import statically is loaded with them.
for (const path of scripts) {
  const text = readFileSync(join(dist, path), "utf8");
  for (const [, other] of text.matchAll(/(?:from|import)\s*"(\.\/[^"]+\.js)"/g))
    scripts.add(`/assets/${other.slice(2)}`);
}
const [script, style] = [size(scripts), size(named(/<link[^>]*?href="([^"]+\.css)"/g))];
const text = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`first load, gzip: ${text(script)} JavaScript in ${scripts.size} files, ${text(style)} CSS`);
if (script > SCRIPT_MAX_BYTES) {
  console.error(
    `The limit of JavaScript is ${text(SCRIPT_MAX_BYTES)}: load with a page what only that page needs.`,
  );
  process.exit(1);
}
