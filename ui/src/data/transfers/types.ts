/** The type of a file by its name, for files of which the browser knows none. */
const BY_ENDING: Record<string, string> = {
  avif: "image/avif",
  csv: "text/csv",
  gz: "application/gzip",
  ipynb: "application/json",
  jsonl: "application/x-ndjson",
  log: "text/plain",
  md: "text/markdown",
  mjs: "text/javascript",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
  py: "text/x-python",
  rs: "text/x-rust",
  sh: "text/x-shellscript",
  sql: "application/sql",
  toml: "application/toml",
  ts: "text/x-typescript",
  tsv: "text/tab-separated-values",
  wasm: "application/wasm",
  webp: "image/webp",
  yaml: "application/yaml",
  yml: "application/yaml",
  zst: "application/zstd",
};

export function typeOf(name: string, known: string): string {
  if (known !== "") return known;
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return BY_ENDING[ending] ?? "application/octet-stream";
}
