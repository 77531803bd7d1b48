// Puts compressed copies beside the built files of the console, so that the program compresses nothing while it serves.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const COMPRESSIBLE = /\.(css|html|js|json|map|svg|txt|wasm|webmanifest)$/;
const dist = process.argv[2];
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
  const file = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = readFileSync(file);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  for (const [extension, copy] of [["br", brotli], ["gz", gzipSync(bytes, { level: 9 })]]) {
    if (copy.length < bytes.length) writeFileSync(`${file}.${extension}`, copy);
  }
}
