import { useEffect } from "react";
import { Drawer } from "./drawer";
import { visible } from "./format";
import { Notice, SkeletonRows } from "./states";

/** The pages of a list, as far as they matter here. */
interface Paged {
  readonly isFetching: boolean;
  readonly isError: boolean;
  readonly hasNextPage: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/**
 * Stands for what an address names and no page of a list has shown yet: it asks for the pages that follow, and says in the
 * end that there is none.
 */
export function MissingDrawer({
  noun,
  name,
  list,
  onClose,
}: {
  noun: string;
  name: string;
  list: Paged;
  onClose: () => void;
}) {
  const { isFetching, isError, hasNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  // The page says that the list failed.
  if (isError) return null;
  return (
    <Drawer
      label={`${noun} ${name}`}
      title={<span className="truncate font-medium">{visible(name)}</span>}
      onClose={onClose}
    >
      {isFetching || hasNextPage ? (
        <SkeletonRows rows={4} />
      ) : (
        <div className="p-4">
          <Notice tone="notice">
            There is no such {noun.toLowerCase()}. It was deleted, or its name is mistyped.
          </Notice>
        </div>
      )}
    </Drawer>
  );
}
