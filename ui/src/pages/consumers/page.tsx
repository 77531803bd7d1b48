import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { targetsQuery } from "@/data/targets";
import { Beside } from "@/parts/drawer";
import { Page } from "@/parts/page";
import { Consumers } from "./consumers";
import { consumersRoute } from "./route";
import { TargetDrawer } from "./target-drawer";
import { Targets } from "./targets";

export default function ConsumersPage() {
  const { target: openName, add } = consumersRoute.useSearch();
  const navigate = useNavigate({ from: consumersRoute.fullPath });
  const { data } = useQuery(targetsQuery);
  const open = data?.find((target) => target.name === openName);
  const show = (target: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, target }), replace: true });
  const setAdding = (is: boolean) =>
    void navigate({ search: (before) => ({ ...before, add: is || undefined }), replace: true });
  return (
    <Page title="Consumers" isFull about="Who receives the events of the log, and how far they are">
      <Beside drawer={open && <TargetDrawer target={open} onClose={() => show(undefined)} />}>
        <div className="flex min-h-0 flex-1 flex-col gap-6 overflow-y-auto px-4 pb-8 lg:px-6">
          <Consumers isAdding={add ?? false} onAdding={setAdding} />
          <Targets openName={openName} onOpen={show} />
        </div>
      </Beside>
    </Page>
  );
}
