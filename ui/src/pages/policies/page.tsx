import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMemo } from "react";
import { type Policy, policiesQuery } from "@/data/policies";
import { Tag } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Dialog } from "@/parts/dialog";
import { Beside } from "@/parts/drawer";
import { Input } from "@/parts/field";
import { count, plural } from "@/parts/format";
import { MissingDrawer } from "@/parts/missing-drawer";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { PeopleTabs } from "@/parts/people-tabs";
import { wordsOf } from "@/parts/policy/policy-words";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { Check } from "./check";
import { PolicyDrawer } from "./policy-drawer";
import { PolicyForm } from "./policy-form";
import { policiesRoute } from "./route";

export default function PoliciesPage() {
  const { filter = "", policy: openName, create } = policiesRoute.useSearch();
  const navigate = useNavigate({ from: policiesRoute.fullPath });
  const list = useInfiniteQuery(policiesQuery);
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.policies) ?? [], [list.data]);
  const shown = useMemo(
    () => all.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase())),
    [all, filter],
  );
  const open = all.find(({ name }) => name === openName);
  const set = (change: { filter?: string; policy?: string; create?: boolean }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const close = () => set({ policy: undefined });
  const add = () => set({ create: true });
  useShortcuts([{ keys: "c", says: "Create a policy", run: add }]);
  useActions([{ title: "Create a policy", run: add }]);
  return (
    <Page
      title="Policies"
      isFull
      about={list.data && `${plural(all.length, "policy", "policies")}${list.hasNextPage ? " and more" : ""}`}
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
          <Button look="primary" icon={Plus} onClick={add}>
            Create policy
          </Button>
        </>
      }
    >
      <PeopleTabs />
      <Check />
      <Beside
        drawer={
          open ? (
            <PolicyDrawer key={open.name} policy={open} onClose={close} />
          ) : (
            openName !== undefined && (
              <MissingDrawer key={openName} noun="Policy" name={openName} list={list} onClose={close} />
            )
          )
        }
      >
        {list.isPending ? (
          <SkeletonRows rows={14} />
        ) : list.isError && all.length === 0 ? (
          <Failure
            error={list.error}
            what="The policies could not be listed."
            since={list.errorUpdatedAt}
            onRetry={() => void list.refetch()}
          />
        ) : (
          <Table
            label="Policies"
            className="!border-t-0"
            columns={COLUMNS}
            items={shown}
            idOf={(policy) => policy.name}
            openId={openName}
            onOpen={(policy) => set({ policy: policy.name })}
            onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
            foot={
              shown.length === 0 && (
                <p className="py-8 text-center text-muted">No policy has “{filter}” in its name.</p>
              )
            }
          />
        )}
      </Beside>
      <Dialog
        title="Create a policy"
        about="A document in the language of AWS IAM. It works once it is attached to a user or a group."
        className="!w-[min(44rem,calc(100vw-2rem))]"
        isOpen={create ?? false}
        onClose={() => set({ create: undefined })}
      >
        {create && (
          <PolicyForm
            onStored={(policy) => set({ create: undefined, policy })}
            onCancel={() => set({ create: undefined })}
          />
        )}
      </Dialog>
    </Page>
  );
}

const COLUMNS: readonly Column<Policy>[] = [
  {
    id: "name",
    title: "Name",
    size: "minmax(10rem, 1fr)",
    by: (policy) => policy.name,
    cell: ({ name, built_in }) => (
      <span className="flex items-center gap-2">
        <span className="truncate font-medium">{name}</span>
        {built_in && <Tag>built in</Tag>}
      </span>
    ),
  },
  {
    id: "words",
    title: "In words",
    size: "minmax(14rem, 3fr)",
    from: "md",
    cell: ({ document }) => <Short document={JSON.stringify(document)} />,
  },
  {
    id: "users",
    title: "Users",
    size: "5rem",
    isRight: true,
    by: ({ users }) => users?.length,
    cell: ({ users }) => (users ? count(users.length) : <span className="text-muted">–</span>),
  },
  {
    id: "groups",
    title: "Groups",
    size: "5rem",
    isRight: true,
    by: ({ groups }) => groups?.length,
    cell: ({ groups }) => (groups ? count(groups.length) : <span className="text-muted">–</span>),
  },
  {
    id: "stored",
    title: "Changed",
    size: "8.5rem",
    isApart: true,
    from: "lg",
    by: ({ stored }) => stored,
    cell: ({ stored }) => stored && <Ago time={stored} className="text-muted" />,
  },
];

/** How sentences about a policy begin, all of them. */
const WHOEVER = /^Whoever has this policy (m)/;

/** The first statement, and how many follow. */
function Short({ document }: { document: string }) {
  const said = wordsOf(document) ?? [];
  const text = said.map((sentence) => sentence.text).join(" ");
  return (
    <span className="text-muted" title={text}>
      {said[0]?.text.replace(WHOEVER, (_, first: string) => first.toUpperCase())}
      {said.length > 1 && ` And ${plural(said.length - 1, "statement")} more.`}
    </span>
  );
}
