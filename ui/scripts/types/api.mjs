// The module with the API's schemas and operations.

const HEAD = `// Generated from schemas/api/openapi.json by scripts/types.mjs. Do not edit.
import * as z from "zod/mini";

/** An operation of the API. */
export interface Operation<Path, Query, Body, Answer> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** The schema of the answer; absent if the answer has no JSON. */
  readonly answer?: z.ZodMiniType<Answer>;
  /** Types alone, never a value. */
  readonly takes?: { path: Path; query: Query; body: Body };
}
`;

/** The schemas that are defined above what is written now. What is not, as in a schema that has itself in it, is a getter. */
let defined = new Set();

const PURE = "/* @__PURE__ */ ";
const last = (ref) => ref.split("/").pop();
const isName = (key) => /^[A-Za-z_$][\w$]*$/.test(key);
const quote = (key) => (isName(key) ? key : JSON.stringify(key));

/** The expression of zod for a JSON Schema. */
function zod(schema) {
  if (schema === true || schema === undefined || Object.keys(schema).length === 0)
    return `${PURE}z.unknown()`;
  if (schema.$ref) return last(schema.$ref);
  if ("const" in schema) return `${PURE}z.literal(${JSON.stringify(schema.const)})`;
  if (schema.enum) return `${PURE}z.enum(${JSON.stringify(schema.enum)})`;
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return unionOf(union.map(zod));
  if (schema.allOf) return schema.allOf.map(zod).reduce((a, b) => `${PURE}z.intersection(${a}, ${b})`);
  if (Array.isArray(schema.type)) return unionOf(schema.type.map((type) => zod({ ...schema, type })));
  return simple(schema);
}

function unionOf(parts) {
  const distinct = [...new Set(parts)];
  const isNull = (part) => part === `${PURE}z.null()`;
  const others = distinct.filter((part) => !isNull(part));
  const inner = others.length === 1 ? others[0] : `${PURE}z.union([${others.join(", ")}])`;
  return others.length < distinct.length ? `${PURE}z.nullable(${inner})` : inner;
}

function simple(schema) {
  switch (schema.type) {
    case "string":
      return `${PURE}z.string()`;
    case "integer":
    case "number":
      return `${PURE}z.number()`;
    case "boolean":
      return `${PURE}z.boolean()`;
    case "null":
      return `${PURE}z.null()`;
    case "array":
      return schema.prefixItems
        ? `${PURE}z.tuple([${schema.prefixItems.map(zod).join(", ")}])`
        : `${PURE}z.array(${zod(schema.items)})`;
    default:
      return object(schema);
  }
}

function object(schema) {
  if (!schema.properties) {
    const values = schema.additionalProperties;
    return `${PURE}z.record(${PURE}z.string(), ${values && values !== true ? zod(values) : `${PURE}z.unknown()`})`;
  }
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(([key, value]) => {
    const inner = zod(value);
    const type = required.has(key) ? inner : `${PURE}z.optional(${inner})`;
    const text = doc(value.description, "  ");
    const refers = [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    if (refers.some((name) => !defined.has(name)))
      return `${text}  get ${quote(key)}() {\n    return ${type};\n  },\n`;
    return `${text}  ${quote(key)}: ${type},\n`;
  });
  return `${PURE}z.object({\n${fields.join("")}})`;
}

function doc(text, indent) {
  return text ? `${indent}/** ${text.replaceAll("*/", "*\\/").replace(/\s*\n\s*/g, " ")} */\n` : "";
}

/** The names of schemas, each behind those it refers to. */
function ordered(schemas) {
  const done = new Set();
  const visit = (name) => {
    if (done.has(name)) return;
    done.add(name);
    for (const [, to] of JSON.stringify(schemas[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      visit(to);
    order.push(name);
  };
  const order = [];
  for (const name of Object.keys(schemas)) visit(name);
  return order;
}

function fields(parameters) {
  if (parameters.length === 0) return "Record<string, never>";
  const field = ({ name, required, schema }) =>
    `${quote(name)}${required ? "" : "?"}: ${schema?.type === "integer" ? "number" : schema?.type === "boolean" ? "boolean" : "string"}`;
  return `{ ${parameters.map(field).join("; ")} }`;
}

function operation(path, method, spec, shared) {
  const parameters = [...shared, ...(spec.parameters ?? [])];
  const body = spec.requestBody?.content?.["application/json"]?.schema;
  const success = Object.entries(spec.responses).find(([status]) => status.startsWith("2"))?.[1];
  const answer = success?.content?.["application/json"]?.schema;
  const answered = answer === undefined ? undefined : zod(answer);
  const named = answer?.$ref ? last(answer.$ref) : undefined;
  const answerType = named ?? (answered === undefined ? "undefined" : "unknown");
  const bodyType =
    body === undefined ? "undefined" : body.$ref ? `z.input<typeof ${last(body.$ref)}>` : "unknown";
  const types = [
    fields(parameters.filter((parameter) => parameter.in === "path")),
    fields(parameters.filter((parameter) => parameter.in === "query")),
    bodyType,
    answerType,
  ];
  const summary = [spec.summary, spec.description].filter(Boolean).join(". ");
  return `${doc(summary, "")}export const ${spec.operationId}: Operation<${types.join(", ")}> = {
  method: "${method.toUpperCase()}",
  path: ${JSON.stringify(path)},${answered === undefined ? "" : `\n  answer: ${answered},`}
};
`;
}

export function apiModule(document) {
  const schemas = document.components.schemas;
  defined = new Set();
  const parts = ordered(schemas).map((name) => {
    const text = doc(schemas[name].description, "");
    const expression = zod(schemas[name]);
    defined.add(name);
    return `${text}export const ${name} = ${expression};\n${text}export type ${name} = z.infer<typeof ${name}>;\n`;
  });
  const methods = ["get", "post", "put", "patch", "delete"];
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method])
      .map((method) => operation(path, method, item[method], item.parameters ?? [])),
  );
  return [HEAD, ...parts, ...operations].join("\n");
}
