import { Plus, X } from "lucide-react";
import { Button, IconButton } from "@/parts/button";
import { Input } from "@/parts/field";
import { visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";

export type Pairs = readonly (readonly [string, string])[];

/** Fields for names and their values. */
export function PairsEditor({
  pairs,
  onChange,
  most,
  noun,
}: {
  pairs: Pairs;
  onChange: (pairs: Pairs) => void;
  most: number;
  noun: string;
}) {
  const set = (at: number, name: string, value: string) =>
    onChange(pairs.map((pair, place) => (place === at ? ([name, value] as const) : pair)));
  return (
    <div className="flex flex-col gap-1.5">
      {pairs.map(([name, value], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: names change while they are typed.
        <div key={at} className="flex items-center gap-1.5">
          <Input
            isMono
            aria-label={`Name of ${noun} ${at + 1}`}
            placeholder="name"
            value={name}
            onChange={(event) => set(at, event.target.value, value)}
          />
          <Input
            isMono
            aria-label={`Value of ${noun} ${at + 1}`}
            placeholder="value"
            value={value}
            onChange={(event) => set(at, name, event.target.value)}
          />
          <IconButton
            label={`Remove ${noun} ${at + 1}`}
            icon={X}
            onClick={() => onChange(pairs.filter((_, place) => place !== at))}
          />
        </div>
      ))}
      {pairs.length < most && (
        <div>
          <Button isSmall icon={Plus} look="quiet" onClick={() => onChange([...pairs, ["", ""]])}>
            Add {noun}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Names and values that are shown. */
export function PairsShown({ pairs, none }: { pairs: Pairs; none: string }) {
  if (pairs.length === 0) return <p className="text-table text-muted">{none}</p>;
  return (
    <dl className="grid grid-cols-[minmax(6rem,auto)_1fr] gap-x-4 gap-y-1 text-table">
      {pairs.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="name max-w-48 truncate text-muted" title={visible(name)}>
            <KeyText name={name} />
          </dt>
          <dd className="min-w-0">
            <bdi className="name break-all !whitespace-pre-wrap">{visible(value)}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
