import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronUp, Hourglass } from "lucide-react";
import { useState } from "react";
import type { LogEvent } from "@/data/event";
import { eventQuery } from "@/data/events";
import { usePosition } from "@/data/feed";
import { EventType } from "@/parts/badge";
import { IconButton } from "@/parts/button";
import { Code } from "@/parts/copy";
import { Drawer } from "@/parts/drawer";
import { count } from "@/parts/format";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { Segments } from "@/parts/tabs";
import { Chain } from "./chain";
import { commandsFor } from "./commands";
import { Fields } from "./fields";
import { SchemaOf } from "./schema";

type View = "fields" | "json" | "schema" | "chain" | "commands";
const VIEWS: readonly { value: View; title: string }[] = [
  { value: "fields", title: "Fields" },
  { value: "json", title: "JSON" },
  { value: "schema", title: "Schema" },
  { value: "chain", title: "Proof" },
  { value: "commands", title: "As a command" },
];

/** An event, beside the page. */
export default function Inspector({ sequence }: { sequence: number }) {
  const [view, setView] = useState<View>("fields");
  const position = usePosition();
  const isAhead = position > 0 && sequence > position;
  const event = useQuery({ ...eventQuery(sequence), enabled: !isAhead });
  const navigate = useNavigate();
  const show = (next: number | undefined) =>
    void navigate({ to: ".", search: (before: object) => ({ ...before, event: next }), replace: true });
  return (
    <Drawer
      label={`Event ${sequence}`}
      onClose={() => show(undefined)}
      title={
        <span className="flex min-w-0 items-baseline gap-2.5">
          <span className="font-mono text-sm font-medium tabular-nums">#{count(sequence)}</span>
          {event.data && <EventType type={event.data.type} />}
        </span>
      }
      actions={
        <>
          <IconButton
            label="The previous event on the log"
            icon={ChevronUp}
            disabled={sequence <= 1}
            onClick={() => show(sequence - 1)}
          />
          <IconButton
            label="The next event on the log"
            icon={ChevronDown}
            disabled={position > 0 && sequence >= position}
            onClick={() => show(sequence + 1)}
          />
        </>
      }
    >
      <div className="sticky top-0 z-10 border-b border-line bg-surface px-4 py-2">
        <Segments label="View of the event" options={VIEWS} value={view} onChange={setView} />
      </div>
      {isAhead && (
        <Empty icon={Hourglass} title={`There is no event #${count(sequence)} yet`}>
          The log ends at #{count(position)}. The event is shown here once it is written.
        </Empty>
      )}
      {event.isPending && !isAhead && <SkeletonRows rows={10} />}
      {event.isError && !isAhead && (
        <Failure
          error={event.error}
          what={`Event #${count(sequence)} cannot be shown.`}
          onRetry={() => void event.refetch()}
        />
      )}
      {event.data && <View event={event.data} view={view} onShow={show} />}
    </Drawer>
  );
}

function View({ event, view, onShow }: { event: LogEvent; view: View; onShow: (sequence: number) => void }) {
  switch (view) {
    case "fields":
      return <Fields event={event} onShow={onShow} />;
    case "json":
      return <Code className="m-4">{JSON.stringify(event, null, 2)}</Code>;
    case "schema":
      return <SchemaOf event={event} />;
    case "chain":
      return <Chain event={event} />;
    case "commands":
      return (
        <div className="flex flex-col gap-3 p-4">
          {commandsFor(event, location.origin).map(({ title, text }) => (
            <Code key={title} label={title}>
              {text}
            </Code>
          ))}
        </div>
      );
  }
}
