import type { Settings } from "@/data/settings";
import { State } from "@/parts/badge";
import { CopyButton } from "@/parts/copy";
import { bytes, plural } from "@/parts/format";
import { Facts, Panel } from "@/parts/page";

/** Where the store is reached. */
export function Endpoints({ endpoints }: { endpoints: Settings["endpoints"] }) {
  return (
    <Panel title="Endpoints">
      <dl className="divide-y divide-line rounded-lg border border-line">
        <Endpoint name="S3" url={endpoints.s3} />
        <Endpoint name="Console and admin API" url={endpoints.console} />
      </dl>
    </Panel>
  );
}

function Endpoint({ name, url }: { name: string; url: string }) {
  return (
    <div className="flex items-center gap-3 py-1 pr-1.5 pl-3 text-table">
      <dt className="w-40 shrink-0 text-muted max-sm:w-20">{name}</dt>
      <dd className="flex min-w-0 flex-1 items-center gap-3">
        <span className="name min-w-0 flex-1 !whitespace-pre-wrap break-all">{url}</span>
        <CopyButton text={url} label={`Copy the URL of ${name}`} />
      </dd>
    </div>
  );
}

export function VersionsPanel({ region, versions }: { region: string; versions: Settings["versions"] }) {
  const isLatest = versions.level >= versions.known_level;
  return (
    <Panel title="Versions">
      <Facts
        facts={[
          ["Region", <Mono key="region">{region}</Mono>],
          ["Release", <Mono key="release">{versions.release}</Mono>],
          [
            "Level of the region",
            <span key="level" className="flex flex-wrap items-center gap-x-3">
              <Mono>{versions.level}</Mono>
              {isLatest ? (
                <State tone="ok">the latest that this release supports</State>
              ) : (
                <State tone="notice">this release knows level {versions.known_level}</State>
              )}
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}

export function LimitsPanel({ limits }: { limits: Settings["limits"] }) {
  return (
    <Panel title="Limits">
      <Facts
        facts={[
          ["Object", `up to ${bytes(limits.object_bytes_max)}`],
          ["Key", `up to ${plural(limits.key_bytes_max, "byte")} of UTF-8`],
          [
            "Multipart upload",
            `up to ${plural(limits.parts_max, "part")}, each but the last ${bytes(limits.part_bytes_min)} or more`,
          ],
          ["All clients together", rates(limits.total)],
          ["Each user", rates(limits.per_user)],
        ]}
      />
      <p className="mt-3 text-xs text-muted">A user can have limits of their own instead.</p>
    </Panel>
  );
}

function rates({ requests_per_second, bytes_per_second }: Settings["limits"]["total"]): string {
  const said = [
    requests_per_second != null && `${plural(requests_per_second, "request")} per second`,
    bytes_per_second != null && `${bytes(bytes_per_second)} a second`,
  ].filter(Boolean);
  return said.join(", ") || "no rate limit";
}

function Mono({ children }: { children: string | number }) {
  return <span className="name">{children}</span>;
}
