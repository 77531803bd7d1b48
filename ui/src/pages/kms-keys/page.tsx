import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { type KmsKey, kmsKeysQuery } from "@/data/kms-keys";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Input } from "@/parts/field";
import { plural } from "@/parts/format";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { SettingsTabs } from "@/parts/settings-tabs";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { ChangeKmsKey } from "./change";
import { CreateKmsKey } from "./create";
import { kmsKeysRoute } from "./route";

/** The keys with which SSE-KMS encrypts objects. */
export default function KmsKeysPage() {
  const { filter = "", create } = kmsKeysRoute.useSearch();
  const navigate = useNavigate({ from: kmsKeysRoute.fullPath });
  const list = useInfiniteQuery(kmsKeysQuery);
  const [changed, setChanged] = useState<KmsKey>();
  const columns = useMemo(() => columnsWith(setChanged), []);
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.kms_keys) ?? [], [list.data]);
  const shown = useMemo(
    () => all.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase())),
    [all, filter],
  );
  const set = (change: { filter?: string; create?: boolean }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const add = () => set({ create: true });
  useShortcuts([{ keys: "c", says: "Create an encryption key", run: add }]);
  useActions([{ title: "Create an encryption key", run: add }]);
  const button = (
    <Button look="primary" icon={Plus} onClick={add}>
      Create key
    </Button>
  );
  return (
    <Page
      title="Encryption keys"
      heading="Settings"
      isFull
      about={list.data && `${plural(all.length, "key")} for SSE-KMS${list.hasNextPage ? " and more" : ""}`}
      actions={
        <>
          <Input
            type="search"
            aria-label="Filter by name"
            placeholder="Filter by name"
            data-filter
            className="!w-48"
            value={filter}
            onChange={(event) => set({ filter: event.target.value || undefined })}
          />
          {button}
        </>
      }
    >
      <SettingsTabs />
      {list.isPending ? (
        <SkeletonRows rows={14} />
      ) : list.isError && all.length === 0 ? (
        <Failure
          error={list.error}
          what="The keys could not be listed."
          since={list.errorUpdatedAt}
          onRetry={() => void list.refetch()}
        />
      ) : all.length === 0 ? (
        <Empty icon={KeyRound} title="There is no encryption key yet" action={button}>
          A PUT with SSE-KMS names the key to use. No object under a disabled key can be read.
        </Empty>
      ) : (
        <Table
          label="Encryption keys"
          className="!border-t-0"
          columns={columns}
          items={shown}
          idOf={(key) => key.name}
          initialSort={{ id: "name" }}
          onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
          foot={
            shown.length === 0 && (
              <p className="py-8 text-center text-muted">No key has “{filter}” in its name.</p>
            )
          }
        />
      )}
      <CreateKmsKey isOpen={create ?? false} onClose={() => set({ create: undefined })} />
      <ChangeKmsKey changed={changed} onClose={() => setChanged(undefined)} />
    </Page>
  );
}

function columnsWith(onChange: (key: KmsKey) => void): readonly Column<KmsKey>[] {
  return [
    {
      id: "name",
      title: "Name",
      size: "minmax(12rem, 2fr)",
      by: ({ name }) => name,
      cell: ({ name }) => <span className="name font-medium">{name}</span>,
    },
    {
      id: "state",
      title: "State",
      size: "minmax(8rem, 1fr)",
      by: ({ enabled }) => (enabled ? 1 : 0),
      cell: ({ enabled }) => (
        <State tone={enabled ? "ok" : "warning"}>{enabled ? "enabled" : "disabled"}</State>
      ),
    },
    {
      id: "created",
      title: "Created",
      size: "9rem",
      by: ({ created }) => created,
      cell: ({ created }) => <Ago time={created} className="text-muted" />,
    },
    {
      id: "change",
      title: "Actions",
      head: <span className="sr-only">Actions</span>,
      size: "6rem",
      cell: (key) => (
        <Button
          isSmall
          aria-label={`${key.enabled ? "Disable" : "Enable"} ${key.name}`}
          onClick={() => onChange(key)}
        >
          {key.enabled ? "Disable" : "Enable"}
        </Button>
      ),
    },
  ];
}
