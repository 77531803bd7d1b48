/** What an object is shown as. Nothing of it ever runs: text is text, and pictures are pictures. */
export type Kind = "image" | "video" | "audio" | "pdf" | "csv" | "json" | "text";

const BY_ENDING: Record<string, Kind> = {
  avif: "image",
  bmp: "image",
  gif: "image",
  ico: "image",
  jpeg: "image",
  jpg: "image",
  png: "image",
  svg: "image",
  webp: "image",
  m4v: "video",
  mov: "video",
  mp4: "video",
  webm: "video",
  flac: "audio",
  m4a: "audio",
  mp3: "audio",
  ogg: "audio",
  opus: "audio",
  wav: "audio",
  pdf: "pdf",
  csv: "csv",
  tsv: "csv",
  json: "json",
  geojson: "json",
};

const TEXT_ENDINGS = new Set(
  "adoc c cfg conf cpp css diff env go h hcl htm html ini java js jsonl jsx kt log lua md mjs ndjson patch php pl proto py rb rs rst sh sql swift tex tf toml ts tsx txt xml yaml yml".split(
    " ",
  ),
);

/** Types that say nothing about what is in an object. */
const UNKNOWN = /^(application\/octet-stream|binary\/octet-stream|)$/;

export function kindOf(key: string, type: string): Kind | undefined {
  const said = (type.split(";")[0] ?? "").trim().toLowerCase();
  if (/^image\/(avif|bmp|gif|jpeg|png|svg\+xml|webp|x-icon)$/.test(said)) return "image";
  if (said.startsWith("video/")) return "video";
  if (said.startsWith("audio/")) return "audio";
  if (said === "application/pdf") return "pdf";
  if (/^text\/(csv|tab-separated-values)$/.test(said)) return "csv";
  if (said === "application/json" || said.endsWith("+json")) return "json";
  if (said.startsWith("text/") || said.endsWith("+xml")) return "text";
  if (/^application\/(javascript|x-ndjson|xml|yaml|toml|sql|x-yaml|x-sh|graphql|typescript)$/.test(said))
    return "text";
  if (!UNKNOWN.test(said)) return undefined;
  const ending = key.slice(key.lastIndexOf(".") + 1).toLowerCase();
  // Tags of the page need a type that says what it is; text does not.
  const kind = BY_ENDING[ending] ?? (TEXT_ENDINGS.has(ending) ? "text" : undefined);
  return kind === "csv" || kind === "json" || kind === "text" ? kind : undefined;
}
