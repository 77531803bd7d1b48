// Writes src/generated/: the types of the API from its OpenAPI document, and those of events from their JSON Schemas.
//
// Answers of the API are checked once where they arrive, so the API's schemas become schemas of zod, and the types are
// inferred from them. Events become types alone: the store proves each event before it shows it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiModule } from "./types/api.mjs";
import { eventsModule } from "./types/events.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const schemas = join(here, "../../schemas");
const generated = join(here, "../src/generated");

const read = (path) => JSON.parse(readFileSync(path, "utf8"));

mkdirSync(generated, { recursive: true });
writeFileSync(join(generated, "api.ts"), apiModule(read(join(schemas, "api/openapi.json"))));
const events = readdirSync(schemas)
  .filter((name) => /^[a-z_]+\.[a-z_]+\.v\d+\.json$/.test(name))
  .sort()
  .map((name) => read(join(schemas, name)));
writeFileSync(join(generated, "events.ts"), eventsModule(events));
