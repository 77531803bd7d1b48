import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { signIn, useSession } from "@/data/session";
import { Button } from "@/parts/button";
import { Field, Input } from "@/parts/field";
import { explain, Notice } from "@/parts/states";
import { overviewRoute } from "../overview/route";

export default function LoginPage() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { reason } = useSession();
  // The route sends who is signed in to where they wanted to go.
  const login = useMutation({ mutationFn: () => signIn(user.trim(), password) });
  useEffect(() => {
    document.title = "Sign in · Planetstore";
    // Where most people go next comes while they type.
    void overviewRoute.options.component?.preload?.();
  }, []);
  return (
    <main className="flex h-dvh flex-col items-center justify-center overflow-y-auto px-4">
      <form
        className="flex w-full max-w-80 flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate();
        }}
      >
        <div className="mb-2 flex flex-col items-center gap-3">
          <img src="/icon.svg" alt="" width={44} height={44} />
          <h1 className="text-xl font-semibold tracking-[-0.01em]">Sign in to Planetstore</h1>
        </div>
        {reason && !login.isError && <Notice>{reason}</Notice>}
        <Field label="User">
          {(control) => (
            <Input
              {...control}
              name="username"
              autoComplete="username"
              autoFocus
              required
              value={user}
              onChange={(event) => setUser(event.target.value)}
              className="!h-9"
            />
          )}
        </Field>
        <Field label="Password" error={login.isError ? explain(login.error) : undefined}>
          {(control) => (
            <Input
              {...control}
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              className="!h-9"
            />
          )}
        </Field>
        <Button type="submit" look="primary" isBusy={login.isPending} className="!h-9">
          {login.isPending ? "Signing in…" : "Sign in"}
        </Button>
        <p className="text-center text-xs text-muted">
          A new store has the user <span className="font-mono">root</span>, with the secret key that it
          printed as password.
        </p>
      </form>
    </main>
  );
}
