import { FolderInput, MoreHorizontal, PackageCheck, PackageMinus, Play, Square, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Node, useResumeNode } from "@/data/nodes";
import { IconButton } from "@/parts/button";
import { Menu } from "@/parts/menu";
import { explain } from "@/parts/states";
import { complain } from "@/parts/toast/announce";
import { AskDuty, AskProcess, AskStrays } from "./ask";

type Asked = "drain" | "remove" | "stop" | "init" | "strays";

/** What an operator can want of a node. */
export function NodeActions({ node }: { node: Node }) {
  const [asked, setAsked] = useState<Asked>();
  const resume = useResumeNode();
  const isServing = node.duty.state === "serving";
  const ask = (what: Asked) => () => setAsked(what);
  const close = () => setAsked(undefined);
  return (
    <>
      <Menu
        trigger={<IconButton label={`Actions on ${node.name}`} icon={MoreHorizontal} />}
        groups={[
          [
            isServing
              ? { label: "Drain…", icon: PackageMinus, onSelect: ask("drain") }
              : {
                  label: "Resume",
                  icon: Play,
                  onSelect: () =>
                    resume.mutate({ node: node.name }, { onError: (error) => complain(explain(error)) }),
                },
            { label: "Stop its process…", icon: Square, onSelect: ask("stop") },
          ],
          [
            { label: "Let in with its present folder…", icon: FolderInput, onSelect: ask("init") },
            { label: "Confirm shards without a name…", icon: PackageCheck, onSelect: ask("strays") },
          ],
          node.duty.state === "removed"
            ? []
            : [{ label: "Remove…", icon: Trash2, isDangerous: true, onSelect: ask("remove") }],
        ]}
      />
      <AskDuty
        key={`duty ${asked}`}
        node={node}
        asked={asked === "drain" || asked === "remove" ? asked : undefined}
        onClose={close}
      />
      <AskProcess
        key={`process ${asked}`}
        node={node}
        asked={asked === "stop" || asked === "init" ? asked : undefined}
        onClose={close}
      />
      <AskStrays node={node} isOpen={asked === "strays"} onClose={close} />
    </>
  );
}
