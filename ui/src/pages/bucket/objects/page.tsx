import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { versioningQuery } from "@/data/bucket";
import { Refused } from "@/data/http";
import { listingQuery, type Row } from "@/data/s3/listing";
import { Beside } from "@/parts/drawer";
import { count } from "@/parts/format";
import { Failure, SkeletonRows } from "@/parts/states";
import { NoBucket } from "../no-bucket";
import { objectsRoute } from "../route";
import { folderOf } from "./crumbs";
import { DeleteDialog } from "./dialogs/delete-dialog";
import { FolderDialog } from "./dialogs/folder-dialog";
import { ShareDialog } from "./dialogs/share-dialog";
import { ObjectDrawer } from "./drawer/object-drawer";
import { DropArea } from "./drop-area";
import { Changes } from "./list/changes";
import { EmptyFolder } from "./list/empty";
import { List } from "./list/list";
import { Path } from "./path";
import { chosenOf, idOf } from "./rows";
import { among, NOTHING, type Selection } from "./selection";
import { Toolbar } from "./toolbar";

export type Asked = "delete" | "share" | "folder";

export default function ObjectsPage() {
  const { bucket } = objectsRoute.useParams();
  const { prefix = "", key, version, deleted = false } = objectsRoute.useSearch();
  const navigate = useNavigate({ from: objectsRoute.fullPath });
  const folder = folderOf(prefix);
  const listing = useInfiniteQuery(listingQuery(bucket, prefix, deleted));
  const versioning = useQuery(versioningQuery(bucket));
  const rows = useMemo(() => listing.data?.pages.flatMap((page) => page.rows) ?? [], [listing.data]);
  const [chosen, setChosen] = useState<Selection>(NOTHING);
  const selection = useMemo(() => among(chosen, rows.map(idOf)), [chosen, rows]);
  const selected = useMemo(() => chosenOf(rows, selection.ids), [rows, selection]);
  const [asked, setAsked] = useState<Asked>();
  const isVersioned = versioning.data !== undefined && versioning.data !== "Never";
  const goTo = (to: string, isTyped = false) => {
    setChosen(NOTHING);
    void navigate({
      search: (before) => ({ ...before, prefix: to || undefined, key: undefined, version: undefined }),
      replace: isTyped,
    });
  };
  const open = (row: Row) =>
    row.kind === "folder"
      ? goTo(row.key)
      : void navigate({ search: (before) => ({ ...before, key: row.key, version: undefined }) });
  const close = () =>
    void navigate({ search: (before) => ({ ...before, key: undefined, version: undefined }) });
  const isMissing = listing.error instanceof Refused && listing.error.code === "NoSuchBucket";
  const isEmpty = listing.isSuccess && rows.length === 0 && !listing.hasNextPage;
  return (
    <Beside
      drawer={
        key !== undefined && (
          <ObjectDrawer
            key={`${bucket}/${key}`}
            at={{ bucket, key, versionId: version }}
            isVersioned={isVersioned}
            onClose={close}
          />
        )
      }
    >
      <DropArea bucket={bucket} prefix={folder} mayReplace={versioning.data === "Enabled"}>
        <div className="flex flex-wrap items-center gap-2 px-4 py-2 lg:px-6">
          <Path bucket={bucket} prefix={prefix} onPrefix={goTo} />
          <Toolbar
            bucket={bucket}
            folder={folder}
            selected={selected}
            isVersioned={isVersioned}
            mayReplace={versioning.data === "Enabled"}
            hasDeleted={deleted}
            onDeleted={(is) =>
              void navigate({ search: (before) => ({ ...before, deleted: is || undefined }) })
            }
            onAsk={setAsked}
            onNone={() => setChosen(NOTHING)}
          />
        </div>
        <Changes bucket={bucket} folder={folder} pages={listing.data?.pages.length ?? 0} />
        {listing.isPending && <SkeletonRows rows={14} />}
        {isMissing && <NoBucket />}
        {listing.isError && rows.length === 0 && !isMissing && (
          <Failure
            error={listing.error}
            what="The objects could not be listed."
            since={listing.errorUpdatedAt}
            onRetry={() => void listing.refetch()}
          />
        )}
        {isEmpty && <EmptyFolder bucket={bucket} prefix={prefix} />}
        {rows.length > 0 && !isMissing && (
          <List
            key={`${bucket} ${folder} ${deleted}`}
            rows={rows}
            folder={folder}
            isWhole={!listing.hasNextPage}
            selection={selection}
            onSelection={setChosen}
            onOpen={open}
            onDelete={() => setAsked("delete")}
            onEnd={() => listing.hasNextPage && !listing.isFetching && void listing.fetchNextPage()}
            openId={key === undefined ? undefined : `object ${key}`}
            foot={
              <p className="sticky left-0 px-4 py-2 lg:px-6 text-xs text-muted">
                {listing.hasNextPage
                  ? `${count(rows.length)} shown so far; more come as you scroll.`
                  : `${count(rows.length)} in this folder.`}
              </p>
            }
          />
        )}
      </DropArea>
      <DeleteDialog
        bucket={bucket}
        selected={selected}
        isVersioned={isVersioned}
        isOpen={asked === "delete"}
        onClose={() => setAsked(undefined)}
      />
      <ShareDialog
        at={selected.objects[0] && { bucket, key: selected.objects[0].key }}
        isOpen={asked === "share"}
        onClose={() => setAsked(undefined)}
      />
      <FolderDialog
        bucket={bucket}
        folder={folder}
        isOpen={asked === "folder"}
        onClose={() => setAsked(undefined)}
        onMade={goTo}
      />
    </Beside>
  );
}
