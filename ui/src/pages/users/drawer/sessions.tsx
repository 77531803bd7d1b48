import { useQuery } from "@tanstack/react-query";
import { sessionsQuery, useEndSession, useEndSessions } from "@/data/sessions";
import { Tag } from "@/parts/badge";
import { Button } from "@/parts/button";
import { explain, Skeleton } from "@/parts/states";
import { Ago } from "@/parts/time";

/** The open sessions of a user. */
export function Sessions({ user }: { user: string }) {
  const query = useQuery(sessionsQuery(user));
  const end = useEndSession();
  const endAll = useEndSessions();
  const error = query.error ?? end.error ?? endAll.error;
  return (
    <section aria-label="Sessions">
      <div className="mb-1 flex min-h-7 items-center justify-between">
        <h2 className="text-xs font-medium text-muted">Sessions</h2>
        {query.data !== undefined && query.data.length > 1 && (
          <Button isSmall isBusy={endAll.isPending} onClick={() => endAll.mutate(user)}>
            End all
          </Button>
        )}
      </div>
      {query.isPending && <Skeleton className="h-7 w-full" />}
      {query.data?.length === 0 && <p className="text-table text-muted">The user has no open sessions.</p>}
      <ul>
        {query.data?.map(({ session, opened, expires, isOwn }) => (
          <li key={session} className="flex items-center gap-3 border-t border-line py-1 text-table">
            <span className="min-w-0 flex-1">
              Opened <Ago time={opened} />
              <span className="text-muted">
                , ends <Ago time={expires} />
              </span>{" "}
              {isOwn && <Tag>this page</Tag>}
            </span>
            <Button
              isSmall
              isBusy={end.isPending && end.variables?.session === session}
              aria-label={`End the session ${session}`}
              onClick={() => end.mutate({ user, session })}
            >
              End
            </Button>
          </li>
        ))}
      </ul>
      {error && (
        <p className="text-xs text-danger" role="alert">
          {explain(error)}
        </p>
      )}
    </section>
  );
}
