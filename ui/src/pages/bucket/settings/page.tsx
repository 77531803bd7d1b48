import { useQuery } from "@tanstack/react-query";
import { versioningQuery } from "@/data/bucket";
import { bucketQuery } from "@/data/buckets";
import { Refused } from "@/data/http";
import { accessQuery, encryptionQuery, loggingQuery, rulesQuery } from "@/data/s3/settings";
import { targetsOfBucketQuery } from "@/data/targets";
import { useOnce } from "@/parts/latch";
import { Skeleton } from "@/parts/states";
import { NoBucket } from "../no-bucket";
import { bucketSettingsRoute } from "../route";
import { AccessCard } from "./access";
import { EncryptionCard } from "./encryption";
import { LockCard } from "./lock";
import { LoggingCard } from "./logging";
import { NotificationsCard } from "./notifications";
import { QuotaCard } from "./quota";
import { ReplicationCard } from "./replication";
import { RulesCard } from "./rules";
import { corsInWords, lifecycleInWords } from "./sentences";
import { VersioningCard } from "./versioning";

export default function SettingsPage() {
  const { bucket } = bucketSettingsRoute.useParams();
  const isReady = useReady(bucket);
  const found = useQuery({ ...bucketQuery(bucket), retry: false });
  if (found.error instanceof Refused && found.error.status === 404) return <NoBucket />;
  if (!isReady) {
    return (
      <div className="flex max-w-6xl flex-col gap-3 px-4 py-4 lg:px-6">
        <Skeleton className="h-24 !rounded-lg" />
        <Skeleton className="h-44 !rounded-lg" />
        <Skeleton className="h-72 !rounded-lg" />
      </div>
    );
  }
  return (
    // Another bucket begins without what was typed for this one.
    <div key={bucket} className="flex max-w-6xl flex-col gap-3 px-4 py-4 pb-10 lg:px-6">
      <VersioningCard bucket={bucket} />
      <QuotaCard bucket={bucket} />
      <AccessCard bucket={bucket} />
      <RulesCard
        bucket={bucket}
        of="lifecycle"
        title="Lifecycle"
        about="Rules by which objects expire automatically. They are applied once a day."
        none="Nothing expires automatically."
        inWords={lifecycleInWords}
        example={LIFECYCLE_EXAMPLE}
      />
      <RulesCard
        bucket={bucket}
        of="cors"
        title="CORS"
        about="Web pages that may read and write this bucket from a browser."
        none="No page of another origin may use this bucket in a browser."
        inWords={(rule) => [corsInWords(rule)]}
        example={CORS_EXAMPLE}
      />
      <ReplicationCard bucket={bucket} />
      <EncryptionCard bucket={bucket} />
      <LockCard bucket={bucket} />
      <NotificationsCard bucket={bucket} />
      <LoggingCard bucket={bucket} />
    </div>
  );
}

/** Whether every setting has answered. They are shown together: one after the other they would move each other. */
function useReady(bucket: string): boolean {
  const answers = [
    useQuery({ ...bucketQuery(bucket), retry: false }),
    useQuery(versioningQuery(bucket)),
    useQuery(accessQuery(bucket)),
    useQuery(rulesQuery(bucket, "lifecycle")),
    useQuery(rulesQuery(bucket, "cors")),
    useQuery(rulesQuery(bucket, "replication")),
    useQuery(encryptionQuery(bucket)),
    useQuery(loggingQuery(bucket)),
    useQuery(targetsOfBucketQuery(bucket)),
  ];
  // A refused one is asked again by the card that shows it, and is pending meanwhile.
  return useOnce(
    answers.every((answer) => !answer.isPending),
    bucket,
  );
}

const LIFECYCLE_EXAMPLE = {
  ID: "old-versions",
  Status: "Enabled",
  Filter: { Prefix: "" },
  NoncurrentVersionExpiration: { NoncurrentDays: 30 },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
};

const CORS_EXAMPLE = {
  AllowedOrigins: ["https://www.example.com"],
  AllowedMethods: ["GET", "HEAD"],
  AllowedHeaders: ["*"],
  MaxAgeSeconds: 3_600,
};
