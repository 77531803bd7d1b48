import { retryNow, useLink } from "@/data/feed";
import { duration } from "../format";
import { QUIET_LINK } from "../link";
import { useNow } from "../time";

/** A thin bar while the connection is lost. The page behind it stays as it was. */
export function LinkBar() {
  const link = useLink();
  const seconds = useNow((now) => Math.max(0, Math.ceil(((link.retryAt ?? now) - now) / 1_000)));
  const lost = useNow((now) => Math.floor((now - (link.since ?? now)) / 1_000));
  if (link.phase !== "lost") return null;
  return (
    <div
      role="status"
      className="wash-warning flex h-8 shrink-0 items-center justify-center gap-3 border-b border-warning/40 px-3 text-xs"
    >
      <span>
        The connection to the store is lost{lost > 2 ? ` since ${duration(lost)}` : ""}. What you see is from
        before.
        {seconds > 0 ? ` Next try in ${seconds} s.` : " Trying…"}
      </span>
      <button type="button" className={`font-medium ${QUIET_LINK}`} onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}
