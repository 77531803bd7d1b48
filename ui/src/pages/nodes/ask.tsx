import { useState } from "react";
import {
  type Node,
  useConfirmStrays,
  useDrainNode,
  useInitNode,
  useRemoveNode,
  useStopNode,
} from "@/data/nodes";
import { Button } from "@/parts/button";
import { ConfirmDialog, Dialog, DialogActions } from "@/parts/dialog";
import { Checkbox, Field, Input } from "@/parts/field";
import { bytes, plural } from "@/parts/format";

/** Asks before a node gets other work, or is given up. */
export function AskDuty({
  node,
  asked,
  onClose,
}: {
  node: Node;
  asked: "drain" | "remove" | undefined;
  onClose: () => void;
}) {
  const drain = useDrainNode();
  const remove = useRemoveNode();
  const [force, setForce] = useState(false);
  const isDrain = asked !== "remove";
  const order = isDrain ? drain : remove;
  const placed = `${plural(node.placed.shards, "shard")} with ${bytes(node.placed.bytes)}`;
  return (
    <ConfirmDialog
      title={isDrain ? `Drain ${node.name}` : `Remove ${node.name}`}
      action={isDrain ? "Drain node" : "Remove node"}
      look={isDrain ? "primary" : "destroy"}
      typed={isDrain ? undefined : node.name}
      isOpen={asked !== undefined}
      isBusy={order.isPending}
      error={order.error}
      onClose={onClose}
      onConfirm={() => order.mutate({ node: node.name, force }, { onSuccess: onClose })}
    >
      {isDrain ? (
        <p>
          {node.name} takes no new shards, and the {placed} that it has move to other nodes. Reads go on
          meanwhile. It can be resumed at any time.
        </p>
      ) : (
        <p>
          {node.name} is given up. Whatever is placed on it still is lost: {placed}. Drain it first if it
          works.
        </p>
      )}
      <Checkbox label="Even if the store advises against it" isChecked={force} onChange={setForce} />
    </ConfirmDialog>
  );
}

/** Asks before the process of a node stops, or is let in with another folder. */
export function AskProcess({
  node,
  asked,
  onClose,
}: {
  node: Node;
  asked: "stop" | "init" | undefined;
  onClose: () => void;
}) {
  const stop = useStopNode();
  const init = useInitNode();
  const isStop = asked !== "init";
  const order = isStop ? stop : init;
  return (
    <ConfirmDialog
      title={isStop ? `Stop the process of ${node.name}` : `Let ${node.name} in with its present folder`}
      action={isStop ? "Stop it" : "Let it in"}
      look={isStop ? "primary" : "destroy"}
      typed={isStop ? undefined : node.name}
      isOpen={asked !== undefined}
      isBusy={order.isPending}
      error={order.error}
      onClose={onClose}
      onConfirm={() => order.mutate({ node: node.name }, { onSuccess: onClose })}
    >
      {isStop ? (
        <p>
          It answers what it has accepted, and ends. Its shards stay on its disk, and writes go to the other
          nodes. Whoever runs the process has to start it again.
        </p>
      ) : (
        <p>
          For a node that waits with another data folder, such as one with a new disk. The folder that joined
          before is given up with every shard in it.
        </p>
      )}
    </ConfirmDialog>
  );
}

/** Asks for how many shards are not needed: a number that somebody has looked at. */
export function AskStrays({ node, isOpen, onClose }: { node: Node; isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog
      title={`Confirm shards on ${node.name}`}
      about="If a node holds very many shards of which the log says nothing, the garbage collector waits for somebody who has looked at why. It says how many under “Work in the background”."
      isOpen={isOpen}
      onClose={onClose}
    >
      {isOpen && <StraysForm node={node} onClose={onClose} />}
    </Dialog>
  );
}

function StraysForm({ node, onClose }: { node: Node; onClose: () => void }) {
  const confirm = useConfirmStrays();
  const [text, setText] = useState("");
  const shards = Number(text);
  const isNumber = text.trim() !== "" && Number.isSafeInteger(shards) && shards > 0;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isNumber) confirm.mutate({ node: node.name, shards }, { onSuccess: onClose });
      }}
    >
      <Field label="So many shards are not needed" hint="They are discarded, and cannot be brought back.">
        {(control) => (
          <Input
            {...control}
            autoFocus
            required
            inputMode="numeric"
            isMono
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <DialogActions error={confirm.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="destroy" isBusy={confirm.isPending} disabled={!isNumber}>
          Confirm
        </Button>
      </DialogActions>
    </form>
  );
}
