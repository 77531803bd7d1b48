import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useChange } from "@/data/change";
import { useMay } from "@/data/rights";
import { loggingQuery, putLogging } from "@/data/s3/settings";
import { Switch } from "@/parts/field";
import { LINK } from "@/parts/link";
import { Asked, Card, Refusal } from "./card";

/** Whether reads leave a record. */
export function LoggingCard({ bucket }: { bucket: string }) {
  const logging = useQuery(loggingQuery(bucket));
  const may = useMay();
  const change = useChange({
    run: (isOn: boolean) => putLogging(bucket, isOn),
    done: (_, isOn) => `Reads of ${bucket} are ${isOn ? "recorded" : "not recorded any more"}.`,
    nouns: ["bucket"],
  });
  return (
    <Card
      id="logging"
      title="Records of reads"
      about="Changes are on the log anyway. What is only read or listed leaves a record if it is asked for."
    >
      <Asked query={logging}>
        {(isOn) => (
          <Switch
            label={isOn ? "Reads and lists are recorded" : "Reads and lists leave no record"}
            isOn={isOn}
            disabled={change.isPending}
            onChange={(to) => change.mutate(to)}
          />
        )}
      </Asked>
      {logging.data && may("getAccessLog") && (
        <p>
          <Link to="/audit/access" search={{ bucket, kind: "read" }} className={LINK}>
            Show the records of {bucket}
          </Link>
        </p>
      )}
      <Refusal error={change.error} />
    </Card>
  );
}
