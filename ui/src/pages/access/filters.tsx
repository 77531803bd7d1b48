import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { AskedField } from "@/parts/asked-field";
import { Button } from "@/parts/button";
import { Segments } from "@/parts/tabs";
import { type AccessSearch, accessRoute } from "./route";

const KINDS = [
  { value: "all", title: "All" },
  { value: "refused", title: "Refused" },
  { value: "login_failed", title: "Failed logins" },
  { value: "read", title: "Reads" },
] as const;

const NONE: AccessSearch = {
  kind: undefined,
  bucket: undefined,
  user: undefined,
  address: undefined,
  since: undefined,
};

/** What is searched for. It is in the URL, and nowhere else. */
export function Filters({ search }: { search: AccessSearch }) {
  const navigate = useNavigate({ from: accessRoute.fullPath });
  const set = (change: AccessSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  return (
    <search className="flex flex-wrap items-center gap-2 px-4 py-2.5 lg:px-6">
      <Segments
        label="What happened"
        options={KINDS}
        value={search.kind ?? "all"}
        onChange={(kind) => set({ kind: kind === "all" ? undefined : kind })}
      />
      <AskedField
        label="User, or the name that was tried"
        hint="User"
        isFirst
        className="!w-36"
        value={search.user ?? ""}
        onChange={(user) => set({ user: user || undefined })}
      />
      <AskedField
        label="Bucket"
        hint="Bucket"
        className="!w-44"
        value={search.bucket ?? ""}
        onChange={(bucket) => set({ bucket: bucket || undefined })}
      />
      <AskedField
        label="IP address"
        hint="IP address"
        className="!w-36"
        value={search.address ?? ""}
        onChange={(address) => set({ address: address || undefined })}
      />
      {isFiltered && (
        <Button look="quiet" isSmall icon={X} onClick={() => set(NONE)}>
          Clear
        </Button>
      )}
    </search>
  );
}
