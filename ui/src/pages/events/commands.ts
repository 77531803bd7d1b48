/** An event as commands that print it. */
import { aboutOf, bucketOf, keyOf, type LogEvent, nameOf, sequenceOf } from "@/data/event";

export interface Command {
  readonly title: string;
  readonly text: string;
}

export function commandsFor(event: LogEvent, origin: string): Command[] {
  const after = sequenceOf(event) - 1;
  const path = `/api/v1/events?after=${after}&limit=1`;
  return [
    {
      title: "planetstore",
      text: `planetstore events get --url ${origin} --after ${after} --limit 1 -o json`,
    },
    { title: "curl", text: `curl -H "Authorization: Bearer $TOKEN" '${origin}${path}'` },
    {
      title: "Python",
      text: [
        "import json, os, urllib.request",
        `request = urllib.request.Request("${origin}${path}",`,
        '    headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"})',
        "print(json.dumps(json.load(urllib.request.urlopen(request)), indent=2))",
      ].join("\n"),
    },
    { title: `All events of ${aboutOf(event)}`, text: follow(event, origin) },
  ];
}

function follow(event: LogEvent, origin: string): string {
  const [bucket, key] = [bucketOf(event), keyOf(event)];
  const filter =
    bucket === undefined
      ? `--type ${nameOf(event.type).split(".")[0]}`
      : `--bucket ${quote(bucket)}${key === undefined ? "" : ` --prefix ${quote(key)}`}`;
  return `planetstore events get --url ${origin} ${filter}`;
}

/** A word as a shell takes it, whatever is in it. */
export function quote(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
