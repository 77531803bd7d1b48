import { MoreHorizontal, PackageMinus, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Node, useDrainNode, useRemoveNode, useResumeNode } from "@/data/nodes";
import { IconButton } from "@/parts/button";
import { ConfirmDialog } from "@/parts/dialog";
import { Checkbox } from "@/parts/field";
import { bytes, plural } from "@/parts/format";
import { Menu } from "@/parts/menu";
import { explain } from "@/parts/states";
import { complain } from "@/parts/toast/announce";

/** What an operator can want of a node. */
export function NodeActions({ node }: { node: Node }) {
  const [asked, setAsked] = useState<"drain" | "remove">();
  const resume = useResumeNode();
  const isServing = node.duty.state === "serving";
  return (
    <>
      <Menu
        trigger={<IconButton label={`Actions on ${node.name}`} icon={MoreHorizontal} />}
        groups={[
          [
            isServing
              ? { label: "Drain…", icon: PackageMinus, onSelect: () => setAsked("drain") }
              : {
                  label: "Resume",
                  icon: Play,
                  onSelect: () =>
                    resume.mutate({ node: node.name }, { onError: (error) => complain(explain(error)) }),
                },
          ],
          node.duty.state === "removed"
            ? []
            : [{ label: "Remove…", icon: Trash2, isDangerous: true, onSelect: () => setAsked("remove") }],
        ]}
      />
      <Ask key={asked} node={node} asked={asked} onClose={() => setAsked(undefined)} />
    </>
  );
}

function Ask({
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
      <Checkbox label="Even if a safety check fails" isChecked={force} onChange={setForce} />
    </ConfirmDialog>
  );
}
