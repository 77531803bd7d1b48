import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, Users } from "lucide-react";
import { useMemo } from "react";
import { useLastSeen } from "@/data/last-seen";
import { usersQuery } from "@/data/users";
import { Button } from "@/parts/button";
import { Beside } from "@/parts/drawer";
import { Input } from "@/parts/field";
import { plural } from "@/parts/format";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { PeopleTabs } from "@/parts/people-tabs";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { Table } from "@/parts/table";
import { columnsWith } from "./columns";
import { CreateUser } from "./create-user";
import { UserDrawer } from "./drawer/user-drawer";
import { usersRoute } from "./route";

export default function UsersPage() {
  const { filter = "", user: openName, create } = usersRoute.useSearch();
  const navigate = useNavigate({ from: usersRoute.fullPath });
  const list = useInfiniteQuery(usersQuery);
  const seen = useLastSeen();
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.users) ?? [], [list.data]);
  const shown = useMemo(() => {
    const wanted = filter.toLowerCase();
    return all.filter(({ name, display_name, email }) =>
      [name, display_name, email ?? ""].some((text) => text.toLowerCase().includes(wanted)),
    );
  }, [all, filter]);
  const columns = useMemo(() => columnsWith(seen), [seen]);
  const set = (change: { filter?: string; user?: string; create?: boolean }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const add = () => set({ create: true });
  useShortcuts([{ keys: "c", says: "Create a user", run: add }]);
  useActions([{ title: "Create a user", run: add }]);
  const button = (
    <Button look="primary" icon={Plus} onClick={add}>
      Create user
    </Button>
  );
  return (
    <Page
      title="Users"
      isFull
      about={list.data && `${plural(all.length, "user")}${list.hasNextPage ? " and more" : ""}, and root`}
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
          openName !== undefined && (
            <UserDrawer
              key={openName}
              name={openName}
              seen={seen.get(openName)}
              onClose={() => set({ user: undefined })}
            />
          )
        }
      >
        {list.isPending ? (
          <SkeletonRows rows={14} />
        ) : list.isError && all.length === 0 ? (
          <Failure
            error={list.error}
            what="The users could not be listed."
            since={list.errorUpdatedAt}
            onRetry={() => void list.refetch()}
          />
        ) : all.length === 0 ? (
          <Empty icon={Users} title="There are no users except root" action={button}>
            A user signs in with a password, or uses S3 with keys, and may do what policies allow.
          </Empty>
        ) : (
          <Table
            label="Users"
            className="!border-t-0"
            columns={columns}
            items={shown}
            idOf={(user) => user.name}
            initialSort={{ id: "name" }}
            openId={openName}
            onOpen={(user) => set({ user: user.name })}
            onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
            foot={
              shown.length === 0 && <p className="py-8 text-center text-muted">Nobody matches “{filter}”.</p>
            }
          />
        )}
      </Beside>
      <CreateUser
        isOpen={create ?? false}
        onClose={() => set({ create: undefined })}
        onCreated={(user) => set({ create: undefined, user })}
      />
    </Page>
  );
}
