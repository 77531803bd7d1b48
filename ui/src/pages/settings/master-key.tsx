import { useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { type MasterKeys, masterKeyQuery, useRotateMasterKey } from "@/data/settings";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Code } from "@/parts/copy";
import { ConfirmDialog } from "@/parts/dialog";
import { plural } from "@/parts/format";
import { Facts, Panel } from "@/parts/page";
import { explain, Skeleton } from "@/parts/states";

/** The key under which secrets and objects are sealed, and whether all of them are under the present one. */
export function MasterKey() {
  const { data, isPending, error } = useQuery(masterKeyQuery);
  return (
    <Panel title="Master key">
      {isPending ? (
        <Skeleton className="h-40" />
      ) : data === undefined ? (
        <p role="alert" className="text-table text-muted">
          {explain(error)}
        </p>
      ) : (
        <Known keys={data} />
      )}
    </Panel>
  );
}

function Known({ keys }: { keys: MasterKeys }) {
  const { number, key, held, left, done } = keys;
  const next = held[number + 1];
  const rest = [
    [left.passwords, "password"],
    [left.access_keys, "access key"],
    [left.kms_keys, "KMS key"],
    [left.targets, "target"],
  ] as const;
  return (
    <div className="flex flex-col gap-3">
      {done ? (
        <State tone="ok">All secrets are sealed with the key in use</State>
      ) : (
        <State tone="notice" className="!whitespace-normal">
          Still sealed with former keys:{" "}
          {rest
            .filter(([of]) => of > 0)
            .map(([of, noun]) => plural(of, noun))
            .join(", ")}
        </State>
      )}
      <Facts
        facts={[
          ["In use", <Id key="key">{`${number} · ${key}`}</Id>],
          ["This gateway holds", plural(held.length, "key")],
          ["Next", next === undefined ? "none yet" : <Id key="next">{`${number + 1} · ${next}`}</Id>],
        ]}
      />
      {next === undefined ? (
        <>
          <p className="text-table text-muted">
            To rotate it, add a key to the file of the master keys, and restart all gateways with that file.
          </p>
          <Code>planetstore master-key add</Code>
        </>
      ) : (
        <Rotate number={number + 1} />
      )}
      <p className="text-xs text-muted">
        Keep a copy of the file. Without it, every password and key is lost, and so are encrypted objects.
      </p>
    </div>
  );
}

function Rotate({ number }: { number: number }) {
  const [isAsking, setAsking] = useState(false);
  const rotate = useRotateMasterKey();
  return (
    <div>
      <Button icon={RefreshCw} onClick={() => setAsking(true)}>
        Use key {number}
      </Button>
      <ConfirmDialog
        title={`Use master key ${number}`}
        action={`Use key ${number}`}
        isOpen={isAsking}
        isBusy={rotate.isPending}
        error={rotate.error}
        onClose={() => setAsking(false)}
        onConfirm={() => rotate.mutate(number, { onSuccess: () => setAsking(false) })}
      >
        <p>
          Gateways seal all secrets again with it, and present access tokens end. Processes without this key
          stop, so distribute it to all of them first.
        </p>
      </ConfirmDialog>
    </div>
  );
}

function Id({ children }: { children: string }) {
  return <span className="name">{children}</span>;
}
