import { Link } from "@tanstack/react-router";
import type { Status } from "@/data/status";
import { toneIcon, toneText } from "@/parts/badge";
import { buttonClass } from "@/parts/button";
import { cx } from "@/parts/class";
import { plural } from "@/parts/format";
import { type Matter, matters } from "./attention";

/** One sentence: is everything all right? Below it, what needs somebody. */
export function StateOfStore({ status }: { status: Status }) {
  const found = matters(status);
  // The sentence is about what is stored; what else needs somebody stands below it, each with its own tone.
  const isWhole = status.redundancy?.is_full ?? false;
  const worst = found[0]?.tone === "danger" ? "danger" : isWhole ? "ok" : "warning";
  const Icon = toneIcon(worst);
  return (
    <section aria-label="State of the store" className="rounded-lg border border-line bg-surface">
      <div className="flex items-start gap-3 px-4 py-3.5">
        <Icon size={22} aria-hidden className={cx("mt-px shrink-0", toneText(worst))} strokeWidth={1.75} />
        <p className="text-lg font-medium">{sentenceOf(status)}</p>
      </div>
      {found.length > 0 && (
        <ul className="divide-y divide-line border-t border-line">
          {found.map((matter) => (
            <MatterRow key={matter.says} matter={matter} />
          ))}
        </ul>
      )}
    </section>
  );
}

function sentenceOf(status: Status): string {
  if (status.redundancy) return status.redundancy.sentence;
  const online = status.nodes.filter((node) => node.state === "online").length;
  return `The state cannot be read at the moment. ${online} of ${plural(status.nodes.length, "node")} ${online === 1 ? "is" : "are"} online.`;
}

function MatterRow({ matter }: { matter: Matter }) {
  const { tone, says, action } = matter;
  const Icon = toneIcon(tone);
  return (
    <li className="flex min-h-10 items-center gap-3 px-4 py-1.5 text-table">
      <Icon size={16} aria-hidden className={cx("ml-[3px] shrink-0", toneText(tone))} />
      <span className="sr-only">{tone}</span>
      <span className="min-w-0 flex-1">{says}</span>
      {action && (
        <Link
          to={action.to}
          search={(action.node ? { node: action.node } : {}) as never}
          className={buttonClass("plain", "small")}
        >
          {action.title}
        </Link>
      )}
    </li>
  );
}
