import { Outlet } from "@tanstack/react-router";
import { LinkTabs } from "@/parts/tabs";
import { bucketRoute } from "./route";

export default function BucketPage() {
  const { bucket } = bucketRoute.useParams();
  const params = { bucket };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <h1 className="name truncate px-4 pt-4 pb-1 text-xl font-semibold lg:px-6">{bucket}</h1>
      <LinkTabs
        label={`About ${bucket}`}
        tabs={[
          { title: "Objects", to: "/buckets/$bucket", params, isExact: true },
          { title: "Insights", to: "/buckets/$bucket/insights", params },
          { title: "Settings", to: "/buckets/$bucket/settings", params },
          { title: "Events", to: "/buckets/$bucket/events", params },
          { title: "Rewind", to: "/buckets/$bucket/rewind", params },
        ]}
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Outlet />
      </div>
    </div>
  );
}
