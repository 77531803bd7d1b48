import { useQuery } from "@tanstack/react-query";
import { versioningQuery } from "@/data/bucket";
import { useChange } from "@/data/change";
import { putVersioning } from "@/data/s3/settings";
import { State } from "@/parts/badge";
import { Switch } from "@/parts/field";
import { Asked, Card, Refusal } from "./card";

export function VersioningCard({ bucket }: { bucket: string }) {
  const versioning = useQuery(versioningQuery(bucket));
  const change = useChange({
    run: (isOn: boolean) => putVersioning(bucket, isOn),
    done: (_, isOn) => `${isOn ? "Enabled" : "Suspended"} versioning of ${bucket}.`,
    nouns: ["bucket"],
  });
  return (
    <Card
      id="versioning"
      title="Versioning"
      about="With versions, overwritten and deleted objects can be restored."
    >
      <Asked query={versioning}>
        {(is) => (
          <>
            <Switch
              label={
                is === "Enabled"
                  ? "Versions are kept"
                  : is === "Suspended"
                    ? "No new versions are kept; existing versions stay"
                    : "Only the last write of a key is kept"
              }
              isOn={is === "Enabled"}
              disabled={change.isPending}
              onChange={(isOn) => change.mutate(isOn)}
            />
            {is === "Never" && (
              <State tone="notice" className="!whitespace-normal">
                Once enabled, versioning can be suspended but never removed.
              </State>
            )}
          </>
        )}
      </Asked>
      <Refusal error={change.error} />
    </Card>
  );
}
