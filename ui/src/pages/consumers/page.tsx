import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { targetsQuery } from "@/data/targets";
import { Beside, Drawer } from "@/parts/drawer";
import { visible } from "@/parts/format";
import { Page } from "@/parts/page";
import { SkeletonRows } from "@/parts/states";
import { Consumers } from "./consumers";
import { consumersRoute } from "./route";
import { TargetDrawer } from "./target-drawer";
import { Targets } from "./targets";

export default function ConsumersPage() {
  const { target: openName, add } = consumersRoute.useSearch();
  const navigate = useNavigate({ from: consumersRoute.fullPath });
  const { data, isPending } = useQuery(targetsQuery);
  const open = data?.find((target) => target.name === openName);
  const show = (target: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, target }), replace: true });
  const setAdding = (is: boolean) =>
    void navigate({ search: (before) => ({ ...before, add: is || undefined }), replace: true });
  return (
    <Page title="Consumers" isFull about="Who receives the events of the log, and how far they are">
      <Beside
        drawer={
          open ? (
            <TargetDrawer target={open} onClose={() => show(undefined)} />
          ) : (
            openName !== undefined && (
              <NoTarget name={openName} isPending={isPending} onClose={() => show(undefined)} />
            )
          )
        }
      >
        <div className="flex min-h-0 flex-1 flex-col gap-6 overflow-y-auto px-4 pb-8 lg:px-6">
          <Consumers isAdding={add ?? false} onAdding={setAdding} />
          <Targets openName={openName} onOpen={show} />
        </div>
      </Beside>
    </Page>
  );
}

/** The place of a target that is not known, or not yet: what stands beside it is not to move when it comes. */
function NoTarget({ name, isPending, onClose }: { name: string; isPending: boolean; onClose: () => void }) {
  return (
    <Drawer
      label={`Target ${name}`}
      title={<span className="name font-medium">{visible(name)}</span>}
      onClose={onClose}
    >
      {isPending ? <SkeletonRows /> : <p className="p-4 text-muted">There is no target of this name.</p>}
    </Drawer>
  );
}
