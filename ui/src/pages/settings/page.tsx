import { useQuery } from "@tanstack/react-query";
import { settingsQuery } from "@/data/settings";
import { Page, Panel } from "@/parts/page";
import { Failure, Skeleton } from "@/parts/states";
import { Appearance } from "./appearance";
import { Clients } from "./clients";
import { Endpoints, LimitsPanel, VersionsPanel } from "./facts";
import { MasterKey } from "./master-key";

export default function SettingsPage() {
  const { data, isPending, error, errorUpdatedAt, refetch } = useQuery(settingsQuery);
  return (
    <Page title="Settings" about="Addresses and limits of the store, and the appearance of this console">
      <div className="grid max-w-6xl grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          {isPending ? (
            <Placeholders heights={["h-24", "h-72"]} />
          ) : data === undefined ? (
            <Panel>
              <Failure
                error={error}
                what="The settings could not be loaded."
                since={errorUpdatedAt}
                onRetry={() => void refetch()}
              />
            </Panel>
          ) : (
            <>
              <Endpoints endpoints={data.endpoints} />
              <Clients place={{ s3: data.endpoints.s3, region: data.region }} />
            </>
          )}
          <Appearance />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {isPending && <Placeholders heights={["h-32", "h-56"]} />}
          {data && (
            <>
              <VersionsPanel region={data.region} versions={data.versions} />
              <LimitsPanel limits={data.limits} />
            </>
          )}
          <MasterKey />
        </div>
      </div>
    </Page>
  );
}

function Placeholders({ heights }: { heights: readonly string[] }) {
  return heights.map((height) => (
    <Panel key={height} className="pt-4">
      <Skeleton className={height} />
    </Panel>
  ));
}
