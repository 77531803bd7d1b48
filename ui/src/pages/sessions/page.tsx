import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { MonitorSmartphone } from "lucide-react";
import { useMemo, useState } from "react";
import { allSessionsQuery, type UserSession, useEndSession } from "@/data/sessions";
import { Tag } from "@/parts/badge";
import { Button } from "@/parts/button";
import { ConfirmDialog } from "@/parts/dialog";
import { Input } from "@/parts/field";
import { plural } from "@/parts/format";
import { Page } from "@/parts/page";
import { PeopleTabs } from "@/parts/people-tabs";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { sessionsRoute } from "./route";

export default function SessionsPage() {
  const { filter = "" } = sessionsRoute.useSearch();
  const navigate = useNavigate({ from: sessionsRoute.fullPath });
  const list = useQuery(allSessionsQuery);
  const [ended, setEnded] = useState<UserSession>();
  const columns = useMemo(() => columnsWith(setEnded), []);
  const all = list.data ?? NONE;
  const shown = useMemo(
    () => all.filter(({ user }) => user.toLowerCase().includes(filter.toLowerCase())),
    [all, filter],
  );
  const people = new Set(all.map(({ user }) => user)).size;
  return (
    <Page
      title="Sessions"
      isFull
      about={list.data && `${plural(all.length, "session")} of ${plural(people, "person", "people")}`}
      actions={
        <Input
          type="search"
          aria-label="Filter by user"
          placeholder="Filter by user"
          data-filter
          className="!w-48"
          value={filter}
          onChange={(event) =>
            void navigate({ search: { filter: event.target.value || undefined }, replace: true })
          }
        />
      }
    >
      <PeopleTabs />
      {list.isPending ? (
        <SkeletonRows rows={14} />
      ) : list.isError && all.length === 0 ? (
        <Failure
          error={list.error}
          what="The sessions could not be listed."
          since={list.errorUpdatedAt}
          onRetry={() => void list.refetch()}
        />
      ) : all.length === 0 ? (
        <Empty icon={MonitorSmartphone} title="Nobody is signed in">
          A session begins when a user signs in with a password.
        </Empty>
      ) : (
        <Table
          label="Sessions"
          className="!border-t-0"
          columns={columns}
          items={shown}
          idOf={({ session }) => session}
          initialSort={{ id: "opened", isDescending: true }}
          foot={
            shown.length === 0 && (
              <p className="py-8 text-center text-muted">No session is of anybody like “{filter}”.</p>
            )
          }
        />
      )}
      <EndSession session={ended} onClose={() => setEnded(undefined)} />
    </Page>
  );
}

const NONE: UserSession[] = [];

function EndSession({ session, onClose }: { session: UserSession | undefined; onClose: () => void }) {
  const end = useEndSession();
  const close = () => {
    end.reset();
    onClose();
  };
  return (
    <ConfirmDialog
      title={`End a session of ${session?.user ?? ""}?`}
      action="End session"
      look="primary"
      isOpen={session !== undefined}
      isBusy={end.isPending}
      error={end.error}
      onClose={close}
      onConfirm={() =>
        session && end.mutate({ user: session.user, session: session.session }, { onSuccess: close })
      }
    >
      <p>
        {session?.isOwn
          ? "This is your own session: you will be signed out."
          : "The user has to sign in again. S3 keys keep working."}
      </p>
    </ConfirmDialog>
  );
}

function columnsWith(onEnd: (session: UserSession) => void): readonly Column<UserSession>[] {
  return [
    {
      id: "user",
      title: "User",
      size: "minmax(9rem, 1fr)",
      by: ({ user }) => user,
      cell: ({ user, isOwn }) => (
        <span className="flex items-center gap-2">
          <Link to="/users" search={{ user }} className="font-medium hover:underline">
            {user}
          </Link>
          {isOwn && <Tag>this page</Tag>}
        </span>
      ),
    },
    {
      id: "opened",
      title: "Opened",
      size: "9rem",
      by: ({ opened }) => opened,
      cell: ({ opened }) => <Ago time={opened} />,
    },
    {
      id: "expires",
      title: "Ends",
      size: "9rem",
      by: ({ expires }) => expires,
      cell: ({ expires }) => <Ago time={expires} className="text-muted" />,
    },
    {
      id: "session",
      title: "Session",
      size: "minmax(12rem, 1fr)",
      from: "lg",
      cell: ({ session }) => <span className="name text-muted">{session}</span>,
    },
    {
      id: "end",
      title: "Actions",
      head: <span className="sr-only">Actions</span>,
      size: "4rem",
      cell: (session) => (
        <Button
          isSmall
          aria-label={`End the session ${session.session} of ${session.user}`}
          onClick={() => onEnd(session)}
        >
          End
        </Button>
      ),
    },
  ];
}
