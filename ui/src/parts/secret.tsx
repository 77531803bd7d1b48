import { CopyButton } from "./copy";
import { Notice } from "./states";

/** Secrets that are shown once, each with a button that copies it. */
export function SecretsOnce({ values }: { values: readonly (readonly [name: string, value: string])[] }) {
  return (
    <div className="flex flex-col gap-3">
      <Notice tone="warning">This is shown once. Copy it now: the store does not keep it in clear.</Notice>
      <dl className="divide-y divide-line rounded-lg border border-line">
        {values.map(([name, value]) => (
          <div key={name} className="flex items-center gap-3 py-1 pr-1 pl-3">
            <dt className="w-20 shrink-0 text-xs text-muted">{name}</dt>
            <dd className="name min-w-0 flex-1 !whitespace-pre-wrap break-all">{value}</dd>
            <CopyButton text={value} label={`Copy ${name}`} />
          </div>
        ))}
      </dl>
    </div>
  );
}

/** Saves text as a file. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
