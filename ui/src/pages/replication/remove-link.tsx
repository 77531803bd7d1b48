import { type Link, placeOf, type ReplicatedTo, useRemoveLink } from "@/data/replication";
import { ConfirmDialog } from "@/parts/dialog";
import { plural } from "@/parts/format";
import { Place } from "./place";
import { removalOf } from "./way-state";

/** Destinations that are named at most. */
const NAMED_MAX = 5;

/** Asks before a link is removed, and says what waits from then on. */
export function RemoveLink({
  name,
  links,
  ways = [],
  onClose,
}: {
  name: string | undefined;
  links: readonly Link[];
  ways?: readonly ReplicatedTo[];
  onClose: () => void;
}) {
  const remove = useRemoveLink();
  const { waiting, redirected } = removalOf(name ?? "", links, ways);
  const left = links.find((link) => link.name !== name)?.name;
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Remove the link to ${name ?? ""}?`}
      action="Remove link"
      isOpen={name !== undefined}
      isBusy={remove.isPending}
      error={remove.error}
      onClose={close}
      onConfirm={() => name !== undefined && remove.mutate(name, { onSuccess: close })}
    >
      {waiting.length === 0 ? (
        <p>No destination that this page lists is reached by it.</p>
      ) : (
        <>
          <p>
            {plural(waiting.length, "destination")} {waiting.length === 1 ? "is" : "are"} reached by it. What
            is to be sent there waits until there is a link again, and is sent then.
          </p>
          <Ways ways={waiting} />
        </>
      )}
      {redirected.length > 0 && (
        <>
          <p>
            The rules of these name no region. With {left} as the only link, they send to {left} from then on:
          </p>
          <Ways ways={redirected} />
        </>
      )}
      <p>The secret key is removed with the link. It has to be given again to add the link anew.</p>
    </ConfirmDialog>
  );
}

function Ways({ ways }: { ways: readonly ReplicatedTo[] }) {
  const more = ways.length - NAMED_MAX;
  return (
    <ul className="list-disc pl-5">
      {ways.slice(0, NAMED_MAX).map(({ bucket, destination }) => (
        <li key={`${bucket} ${placeOf(destination)}`} className="break-words">
          <span className="name">{bucket}</span> to <Place destination={destination} />
        </li>
      ))}
      {more > 0 && <li>and {plural(more, "other")}</li>}
    </ul>
  );
}
