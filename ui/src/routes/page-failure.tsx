import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { Failure } from "@/parts/states";

/** What is shown when a page fails: its code may be of another release than the store, which was updated meanwhile. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Failure
      error={error}
      isPage
      what="This page could not be shown."
      onRetry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
}
