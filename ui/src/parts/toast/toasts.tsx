import { Toast } from "@base-ui/react/toast";
import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleX, X } from "lucide-react";
import { useEffect } from "react";
import { sequenceOf } from "@/data/event";
import { EventType } from "../badge";
import { IconButton } from "../button";
import { count } from "../format";
import { type Said, showToasts, toasts } from "./announce";

/** How many toasts are shown at a time. */
const TOASTS_MAX = 4;

export function Toasts() {
  // The provider, a child, listens by the time this effect runs.
  useEffect(showToasts, []);
  return (
    <Toast.Provider toastManager={toasts} limit={TOASTS_MAX}>
      <Toast.Portal>
        <Toast.Viewport
          aria-label="What was done"
          className="fixed right-4 bottom-[calc(1rem+var(--transfers-height,0px))] z-50 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2 outline-none"
        >
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts: shown } = Toast.useToastManager<Said>();
  return shown.map((toast) => {
    const isError = toast.type === "error";
    const Icon = isError ? CircleX : CircleCheck;
    return (
      <Toast.Root
        key={toast.id}
        toast={toast}
        className="arrives flex items-start gap-2.5 rounded-lg border border-line bg-surface py-2 pr-1 pl-3 shadow-panel data-limited:hidden"
      >
        <Icon size={16} aria-hidden className={`mt-1.5 shrink-0 ${isError ? "text-danger" : "text-ok"}`} />
        <div className="min-w-0 flex-1 py-1">
          <Toast.Title className="text-sm break-words" />
          <Became said={toast.data ?? {}} />
        </div>
        <Toast.Close render={<IconButton label="Dismiss" icon={X} />} />
      </Toast.Root>
    );
  });
}

function Became({ said }: { said: Said }) {
  if (said.isPending) return <p className="mt-0.5 h-4 text-xs text-muted">Waiting for its event…</p>;
  if (said.event === undefined) return null;
  const sequence = sequenceOf(said.event);
  return (
    <Link
      to="/events"
      search={{ event: sequence }}
      className="mt-0.5 flex h-4 items-center gap-2 hover:underline"
    >
      <EventType type={said.event.type} />
      <span className="font-mono text-xs text-muted">#{count(sequence)}</span>
    </Link>
  );
}
