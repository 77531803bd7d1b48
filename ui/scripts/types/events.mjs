// The module with the types of events.

const isName = (key) => /^[A-Za-z_$][\w$]*$/.test(key);
const quote = (key) => (isName(key) ? key : JSON.stringify(key));

/** The expression of TypeScript for a JSON Schema. Shared definitions are written out: they are few and small. */
function type(schema, definitions, depth = 0) {
  if (schema === true || depth > 12) return "unknown";
  const of = (inner) => type(inner, definitions, depth + 1);
  if (schema.$ref) return of(definitions[schema.$ref.split("/").pop()]);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return [...new Set(union.map(of))].join(" | ");
  if (Array.isArray(schema.type))
    return [...new Set(schema.type.map((one) => of({ ...schema, type: one })))].join(" | ");
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return schema.prefixItems
        ? `[${schema.prefixItems.map(of).join(", ")}]`
        : `(${of(schema.items ?? true)})[]`;
    default:
      return object(schema, of);
  }
}

function object(schema, of) {
  if (!schema.properties) {
    const values = schema.additionalProperties;
    return `Record<string, ${values && values !== true ? of(values) : "unknown"}>`;
  }
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(
    ([key, value]) => `${quote(key)}${required.has(key) ? "" : "?"}: ${of(value)}`,
  );
  return `{ ${fields.join("; ")} }`;
}

export function eventsModule(schemas) {
  const of = (schema) => schema.title.replace(/\.v\d+$/, "");
  const rows = schemas.map(
    (schema) => `  ${JSON.stringify(of(schema))}: ${type(schema.properties.data, schema.$defs ?? {})};`,
  );
  const says = schemas.map(
    (schema) => `  ${JSON.stringify(of(schema))}: ${JSON.stringify(schema.description)},`,
  );
  return `// Generated from schemas/ by scripts/types.mjs. Do not edit.

/** The data of each type of event. */
export interface EventData {
${rows.join("\n")}
}

/** A type of event without its prefix and version, such as \`object.created\`. */
export type EventName = keyof EventData;

/** What each type of event says. */
export const EVENT_SAYS: Record<EventName, string> = {
${says.join("\n")}
};
`;
}
