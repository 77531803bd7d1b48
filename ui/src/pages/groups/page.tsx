import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, UsersRound } from "lucide-react";
import { useMemo } from "react";
import { type Group, groupsQuery } from "@/data/groups";
import { Button } from "@/parts/button";
import { Beside } from "@/parts/drawer";
import { Input } from "@/parts/field";
import { count, plural } from "@/parts/format";
import { MissingDrawer } from "@/parts/missing-drawer";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { PeopleTabs } from "@/parts/people-tabs";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { CreateGroup } from "./create-group";
import { GroupDrawer } from "./group-drawer";
import { groupsRoute } from "./route";

export default function GroupsPage() {
  const { filter = "", group: openName, create } = groupsRoute.useSearch();
  const navigate = useNavigate({ from: groupsRoute.fullPath });
  const list = useInfiniteQuery(groupsQuery);
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.groups) ?? [], [list.data]);
  const shown = useMemo(
    () => all.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase())),
    [all, filter],
  );
  const open = all.find(({ name }) => name === openName);
  const set = (change: { filter?: string; group?: string; create?: boolean }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const close = () => set({ group: undefined });
  const add = () => set({ create: true });
  useShortcuts([{ keys: "c", says: "Create a group", run: add }]);
  useActions([{ title: "Create a group", run: add }]);
  const button = (
    <Button look="primary" icon={Plus} onClick={add}>
      Create group
    </Button>
  );
  return (
    <Page
      title="Groups"
      isFull
      about={list.data && `${plural(all.length, "group")}${list.hasNextPage ? " and more" : ""}`}
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
      <PeopleTabs />
      <Beside
        drawer={
          open ? (
            <GroupDrawer key={open.name} group={open} onClose={close} />
          ) : (
            openName !== undefined && (
              <MissingDrawer key={openName} noun="Group" name={openName} list={list} onClose={close} />
            )
          )
        }
      >
        {list.isPending ? (
          <SkeletonRows rows={14} />
        ) : list.isError && all.length === 0 ? (
          <Failure
            error={list.error}
            what="The groups could not be listed."
            since={list.errorUpdatedAt}
            onRetry={() => void list.refetch()}
          />
        ) : all.length === 0 ? (
          <Empty icon={UsersRound} title="There are no groups yet" action={button}>
            All members of a group have the policies that are attached to it.
          </Empty>
        ) : (
          <Table
            label="Groups"
            className="!border-t-0"
            columns={COLUMNS}
            items={shown}
            idOf={(group) => group.name}
            initialSort={{ id: "name" }}
            openId={openName}
            onOpen={(group) => set({ group: group.name })}
            onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
            foot={
              shown.length === 0 && (
                <p className="py-8 text-center text-muted">No group has “{filter}” in its name.</p>
              )
            }
          />
        )}
      </Beside>
      <CreateGroup
        isOpen={create ?? false}
        onClose={() => set({ create: undefined })}
        onCreated={(group) => set({ create: undefined, group })}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<Group>[] = [
  {
    id: "name",
    title: "Name",
    size: "minmax(9rem, 1fr)",
    by: (group) => group.name,
    cell: ({ name }) => <span className="font-medium">{name}</span>,
  },
  {
    id: "members",
    title: "Members",
    size: "6rem",
    isRight: true,
    by: ({ members }) => members.length,
    cell: ({ members }) => count(members.length),
  },
  {
    id: "who",
    title: "Who",
    size: "minmax(9rem, 1.5fr)",
    from: "lg",
    isApart: true,
    cell: ({ members }) => <span className="text-muted">{members.join(", ") || "nobody"}</span>,
  },
  {
    id: "policies",
    title: "Policies",
    size: "minmax(9rem, 1fr)",
    isApart: true,
    by: ({ policies }) => policies.join(),
    cell: ({ policies }) => policies.join(", ") || <span className="text-muted">none</span>,
  },
  {
    id: "created",
    title: "Created",
    size: "7.5rem",
    from: "md",
    by: ({ created }) => created,
    cell: ({ created }) => <Ago time={created} className="text-muted" />,
  },
];
