import { Link, useNavigate } from "@tanstack/react-router";
import { Code } from "@/parts/copy";
import { LINK } from "@/parts/link";
import { Panel } from "@/parts/page";
import { Segments } from "@/parts/tabs";
import { ACCESS_KEY, CLIENTS, linesFor, type Place, SECRET_KEY } from "./lines";
import { settingsRoute } from "./route";

const OPTIONS = CLIENTS.map((client) => ({ value: client, title: client }));

/** Lines to paste that have a client reach the store. */
export function Clients({ place }: { place: Place }) {
  const { client = "aws" } = settingsRoute.useSearch();
  const navigate = useNavigate({ from: settingsRoute.fullPath });
  return (
    <Panel
      title="Connect a client"
      aside={
        <Segments
          label="Client"
          options={OPTIONS}
          value={client}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, client: next }), replace: true })
          }
        />
      }
    >
      {/* The longest of the lines, so that nothing below moves. */}
      <div className="min-h-68">
        <Code>{linesFor(client, place)}</Code>
        <p className="mt-2 text-table text-muted">
          Put an access key and its secret key in place of <span className="name">{ACCESS_KEY}</span> and{" "}
          <span className="name">{SECRET_KEY}</span>.{" "}
          <Link to="/users" className={LINK}>
            Users
          </Link>{" "}
          has the keys of each user, and makes new ones.
        </p>
      </div>
    </Panel>
  );
}
