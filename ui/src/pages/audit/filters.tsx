import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { userNamesQuery } from "@/data/user-names";
import { AskedField } from "@/parts/asked-field";
import { Button } from "@/parts/button";
import { Input } from "@/parts/field";
import { fromField, toField } from "./moment";
import { aboutText, parseAbout } from "./object";
import { type AuditSearch, auditRoute } from "./route";

const NONE: AuditSearch = {
  user: undefined,
  access_key: undefined,
  bucket: undefined,
  key: undefined,
  prefix: undefined,
  since: undefined,
  until: undefined,
};

/** What is searched for. It is in the URL, and nowhere else. */
export function Filters({ search }: { search: AuditSearch }) {
  const navigate = useNavigate({ from: auditRoute.fullPath });
  const names = useId();
  const { data: users } = useQuery(userNamesQuery);
  const set = (change: AuditSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const isFiltered = Object.keys(NONE).some((name) => search[name as keyof AuditSearch] !== undefined);
  return (
    <search className="flex flex-wrap items-center gap-2 px-4 py-2.5 lg:px-6">
      <AskedField
        label="Person"
        hint="Person"
        isFirst
        list={names}
        className="!w-36"
        value={search.user ?? ""}
        onChange={(user) => set({ user: user || undefined })}
      />
      <datalist id={names}>
        {users?.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <AskedField
        label="Access key"
        hint="Access key"
        className="!w-44"
        value={search.access_key ?? ""}
        onChange={(key) => set({ access_key: key || undefined })}
      />
      <AskedField
        label="Object: a bucket, a key in it, or a prefix that ends with *"
        hint="bucket, bucket/key or bucket/prefix*"
        className="!w-72"
        value={aboutText(search)}
        onChange={(text) =>
          set({ bucket: undefined, key: undefined, prefix: undefined, ...parseAbout(text) })
        }
      />
      <Moment title="From" value={search.since} onChange={(since) => set({ since })} />
      <Moment title="to" value={search.until} onChange={(until) => set({ until })} />
      {isFiltered && (
        <Button look="quiet" isSmall icon={X} onClick={() => set(NONE)}>
          Clear
        </Button>
      )}
    </search>
  );
}

function Moment({
  title,
  value,
  onChange,
}: {
  title: string;
  value: string | undefined;
  onChange: (time: string | undefined) => void;
}) {
  const shown = toField(value);
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  const apply = () => text !== shown && onChange(fromField(text));
  const id = useId();
  return (
    <span className="flex items-center gap-1.5 text-xs text-muted">
      <label htmlFor={id}>{title}</label>
      <Input
        id={id}
        type="datetime-local"
        value={text}
        className="!h-7 !w-44 !text-xs"
        onChange={(event) => setText(event.target.value)}
        onBlur={apply}
        onKeyDown={(event) => event.key === "Enter" && apply()}
      />
    </span>
  );
}
