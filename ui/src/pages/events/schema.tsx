import { useQuery } from "@tanstack/react-query";
import { type LogEvent, nameOf } from "@/data/event";
import { schemaQuery } from "@/data/schemas";
import { Code } from "@/parts/copy";
import { Failure, SkeletonRows } from "@/parts/states";

/** The JSON Schema of an event's type. */
export function SchemaOf({ event }: { event: LogEvent }) {
  const version = /v\d+$/.exec(event.type)?.[0] ?? "v1";
  const name = `${nameOf(event.type)}.${version}`;
  const schema = useQuery(schemaQuery(name));
  if (schema.isPending) return <SkeletonRows />;
  if (schema.isError) {
    return (
      <Failure
        error={schema.error}
        what="The schema could not be loaded."
        onRetry={() => void schema.refetch()}
      />
    );
  }
  return (
    <Code className="m-4" label={`schemas/${name}.json`}>
      {JSON.stringify(schema.data, null, 2)}
    </Code>
  );
}
