import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FlaskConical, Pause, Play, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import {
  deadQuery,
  type Target,
  useChangeTarget,
  useDeleteTarget,
  useDiscardDead,
  useRedeliver,
  useTestTarget,
} from "@/data/targets";
import { Button } from "@/parts/button";
import { ConfirmDialog } from "@/parts/dialog";
import { Drawer } from "@/parts/drawer";
import { count, plural } from "@/parts/format";
import { LINK } from "@/parts/link";
import { Facts } from "@/parts/page";
import { explain, Notice } from "@/parts/states";
import { Ago } from "@/parts/time";
import { TargetState } from "./targets";

/** All about a target, and what it refused. */
export function TargetDrawer({ target, onClose }: { target: Target; onClose: () => void }) {
  const change = useChangeTarget();
  const test = useTestTarget();
  const remove = useDeleteTarget();
  const [isRemoving, setRemoving] = useState(false);
  const { name, filter } = target;
  const error = change.error ?? test.error;
  return (
    <Drawer
      label={`Target ${name}`}
      onClose={onClose}
      title={
        <span className="flex items-center gap-3">
          <span className="name font-medium">{name}</span>
          <TargetState target={target} />
        </span>
      }
    >
      <div className="flex flex-col gap-5 p-4">
        <div className="flex flex-wrap gap-2">
          <Button isSmall icon={FlaskConical} isBusy={test.isPending} onClick={() => test.mutate(name)}>
            Send a test
          </Button>
          <Button
            isSmall
            icon={target.enabled ? Pause : Play}
            isBusy={change.isPending}
            onClick={() => change.mutate({ name, enabled: !target.enabled })}
          >
            {target.enabled ? "Pause" : "Resume"}
          </Button>
          <Button isSmall look="danger" icon={Trash2} onClick={() => setRemoving(true)}>
            Delete
          </Button>
        </div>
        {error && <Notice tone="danger">{explain(error)}</Notice>}
        {target.last_error && <Notice tone="danger">{target.last_error}</Notice>}
        <Facts
          facts={[
            [
              "Where",
              <span key="where" className="name !whitespace-pre-wrap break-all">
                {target.url ?? target.subject}
              </span>,
            ],
            ["Format", target.format],
            ["Types", filter?.types?.join(", ") || "all"],
            ["Buckets", filter?.buckets?.join(", ") || "all events"],
            ["Position", `#${count(target.position)}, ${plural(target.lag, "entry", "entries")} behind`],
            [
              "Name in buckets",
              <span key="arn" className="name">
                {target.arn ?? "–"}
              </span>,
            ],
          ]}
        />
        <Refused name={name} />
      </div>
      <ConfirmDialog
        title={`Delete the target ${name}`}
        action="Delete target"
        isOpen={isRemoving}
        isBusy={remove.isPending}
        error={remove.error}
        onClose={() => setRemoving(false)}
        onConfirm={() => remove.mutate(name, { onSuccess: onClose })}
      >
        <p>
          Nothing more is sent to it, and its list of refused events is deleted. The events stay on the log.
        </p>
      </ConfirmDialog>
    </Drawer>
  );
}

function Refused({ name }: { name: string }) {
  const { data } = useQuery(deadQuery(name));
  const redeliver = useRedeliver();
  const discard = useDiscardDead();
  const [isDiscarding, setDiscarding] = useState(false);
  return (
    <section aria-label="Refused events">
      <div className="mb-1 flex items-center justify-between">
        <h3 className="text-xs font-medium text-muted">Refused</h3>
        {data !== undefined && data.length > 0 && (
          <span className="flex gap-2">
            <Button
              isSmall
              icon={RotateCw}
              isBusy={redeliver.isPending}
              onClick={() => redeliver.mutate({ name })}
            >
              Send all again
            </Button>
            <Button isSmall look="danger" onClick={() => setDiscarding(true)}>
              Give up
            </Button>
          </span>
        )}
      </div>
      {redeliver.isError && (
        <p className="text-xs text-danger" role="alert">
          {explain(redeliver.error)}
        </p>
      )}
      {data?.length === 0 && <p className="text-table text-muted">It has refused no events.</p>}
      <ol>
        {data?.map((dead) => (
          <li key={dead.sequence} className="border-t border-line py-1.5 text-table">
            <span className="flex items-center gap-3">
              <Link
                to="."
                search={(before: object) => ({ ...before, event: dead.sequence })}
                className={`mono ${LINK}`}
              >
                #{count(dead.sequence)}
              </Link>
              <span className="text-xs text-muted">
                {plural(dead.attempts, "attempt")}, <Ago time={dead.time} />
                {dead.redelivering && ", is being sent again"}
              </span>
            </span>
            <p className="text-xs text-danger">{dead.error}</p>
          </li>
        ))}
      </ol>
      <ConfirmDialog
        title={`Give up what ${name} refused?`}
        action="Give up"
        isOpen={isDiscarding}
        isBusy={discard.isPending}
        error={discard.error}
        onClose={() => setDiscarding(false)}
        onConfirm={() => discard.mutate(name, { onSuccess: () => setDiscarding(false) })}
      >
        <p>It is not sent to {name} any more. The events stay on the log.</p>
      </ConfirmDialog>
    </section>
  );
}
