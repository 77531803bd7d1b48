import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { previewQuery } from "@/data/s3/links";
import { type At, type Head, textQuery } from "@/data/s3/object";
import { bytes, plural, visible } from "@/parts/format";
import { explain, Skeleton } from "@/parts/states";
import { readCsv } from "./csv";
import { type Kind, kindOf } from "./kind";

/** Text that is loaded for a preview at most. */
const TEXT_MAX = 256 << 10;
/** Pictures above this are not loaded without being asked for. */
const IMAGE_MAX = 32 << 20;
const ROWS_SHOWN = 200;
/** What is loaded takes the place of what stood for it, and moves nothing. */
const HEIGHT = "h-60";

/** What is in an object, if it can be shown without running any of it. */
export function Preview({ at, head }: { at: At; head: Head }) {
  const kind = kindOf(at.key, head.type);
  if (kind === undefined || head.size === 0) return null;
  if (kind === "image" && head.size > IMAGE_MAX)
    return <Note>The picture is {bytes(head.size)}: download it to see it.</Note>;
  return (
    <section aria-label="Preview" className="border-b border-line bg-sunken">
      {kind === "csv" || kind === "json" || kind === "text" ? (
        <Text at={at} head={head} kind={kind} />
      ) : (
        <Media at={at} head={head} kind={kind} />
      )}
    </section>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return <p className="px-4 py-3 text-table text-muted">{children}</p>;
}

/** What a tag of the page loads, by a ticket. */
function Media({ at, head, kind }: { at: At; head: Head; kind: Kind }) {
  const { data, error } = useQuery(previewQuery(at, head.etag));
  const [isBroken, setBroken] = useState(false);
  if (error) return <Note>{explain(error)}</Note>;
  if (isBroken) return <Note>The browser cannot show this {kind === "pdf" ? "document" : kind}.</Note>;
  if (!data) return <Skeleton className={kind === "audio" ? "h-20" : HEIGHT} />;
  const name = `Preview of ${visible(at.key)}`;
  switch (kind) {
    case "image":
      return (
        <div className={`flex items-center justify-center p-3 ${HEIGHT}`}>
          <img
            src={data.url}
            alt={name}
            className="max-h-full max-w-full rounded-sm object-contain"
            onError={() => setBroken(true)}
          />
        </div>
      );
    case "video":
      return (
        // biome-ignore lint/a11y/useMediaCaption: captions of stored films are not known.
        <video
          src={data.url}
          controls
          preload="metadata"
          aria-label={name}
          className={`block w-full bg-black ${HEIGHT}`}
          onError={() => setBroken(true)}
        />
      );
    case "audio":
      return (
        <div className="h-20 p-3">
          {/* biome-ignore lint/a11y/useMediaCaption: captions of stored sounds are not known. */}
          <audio
            src={data.url}
            controls
            preload="metadata"
            aria-label={name}
            className="w-full"
            onError={() => setBroken(true)}
          />
        </div>
      );
    default:
      return <Pdf url={data.url} name={name} />;
  }
}

/** A document in a frame that may do nothing. Browsers whose reader needs scripts of its own do not show it there. */
function Pdf({ url, name }: { url: string; name: string }) {
  const isShown = navigator.pdfViewerEnabled && !("chrome" in globalThis);
  if (!isShown) {
    return (
      <Note>
        This browser can show documents only where scripts may run. This page never runs scripts of stored
        objects, so download the document to read it.
      </Note>
    );
  }
  return (
    <iframe src={url} title={name} sandbox="" referrerPolicy="no-referrer" className="block h-96 w-full" />
  );
}

/** Text as it is written. Markdown, HTML and scripts are text too. */
function Text({ at, head, kind }: { at: At; head: Head; kind: Kind }) {
  const { data, error } = useQuery(textQuery(at, head.size, TEXT_MAX));
  if (error) return <Note>{explain(error)}</Note>;
  if (!data) return <Skeleton className={HEIGHT} />;
  const foot = data.isWhole ? null : (
    <Note>
      The first {bytes(TEXT_MAX)} of {bytes(head.size)}.
    </Note>
  );
  if (kind === "csv") {
    return (
      <>
        <Csv rows={readCsv(data.text, ROWS_SHOWN)} />
        {foot}
      </>
    );
  }
  return (
    <>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        tabIndex={0}
        className={`overflow-auto px-4 py-3 text-xs leading-5 whitespace-pre ${HEIGHT}`}
        dir="auto"
      >
        {kind === "json" && data.isWhole ? laidOut(data.text) : data.text}
      </pre>
      {foot}
    </>
  );
}

function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // It is called JSON, but is not.
    return text;
  }
}

function Csv({ rows }: { rows: readonly string[][] }) {
  const [head, ...rest] = rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    <div tabIndex={0} className={`overflow-auto ${HEIGHT}`}>
      <table className="mono min-w-full text-xs">
        <thead className="sticky top-0 bg-sunken">
          <tr>
            {head?.map((cell, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other names.
              <th key={at} scope="col" className="max-w-64 truncate px-3 py-1.5 text-left font-medium">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rest.map((row, line) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other names.
            <tr key={line} className="border-t border-line">
              {row.map((cell, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other names.
                <td key={at} className="max-w-64 truncate px-3 py-1">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === ROWS_SHOWN && <Note>The first {plural(ROWS_SHOWN, "row")}.</Note>}
    </div>
  );
}
