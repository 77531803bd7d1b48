import { useMutation } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { useSession } from "@/data/session";
import { Button } from "../button";
import { Dialog, DialogActions } from "../dialog";
import { Field, Input } from "../field";
import { type Asking, askingNow, onAsking } from "./ask";

export function ProofDialog() {
  const asking = useSyncExternalStore(onAsking, askingNow);
  return (
    <Dialog
      title="Is it you?"
      about="Changes of who may do what need your password, if you have not typed it for 15 minutes."
      isOpen={asking !== undefined}
      onClose={() => asking?.end(false)}
    >
      {asking && <ProofForm asking={asking} />}
    </Dialog>
  );
}

function ProofForm({ asking }: { asking: Asking }) {
  const { user } = useSession();
  const [password, setPassword] = useState("");
  const proof = useMutation({ mutationFn: asking.prove, onSuccess: () => asking.end(true) });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        proof.mutate(password);
      }}
    >
      <input type="text" name="username" autoComplete="username" value={user ?? ""} readOnly hidden />
      <Field label={`Password of ${user}`}>
        {(control) => (
          <Input
            {...control}
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <DialogActions error={proof.error}>
        <Button onClick={() => asking.end(false)}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={proof.isPending} disabled={password === ""}>
          Continue
        </Button>
      </DialogActions>
    </form>
  );
}
