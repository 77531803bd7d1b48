/** What the session may do, so that nothing else is offered. The store decides again, whatever this says. */
import { useQuery } from "@tanstack/react-query";
import { useSession } from "./session";
import { settingsQuery } from "./settings";

/** Says whether the session may ask for an operation of the API, whatever it is about. */
export type May = (operation: string | undefined) => boolean;

/** Administrators may do everything unless the store says otherwise; others nothing until it has said so. */
export function useMay(): May {
  const { role } = useSession();
  const { data } = useQuery(settingsQuery);
  return (operation) =>
    operation === undefined || (data === undefined ? role === "admin" : data.operations.includes(operation));
}
