import { Download } from "lucide-react";
import { useState } from "react";
import { type MadeKey, useCreateKey } from "@/data/keys";
import { Button } from "@/parts/button";
import { Dialog, DialogActions } from "@/parts/dialog";
import { Field, Select } from "@/parts/field";
import { SecretsOnce, saveText } from "@/parts/secret";

const DAY_MS = 86_400_000;

/** Makes a key, and shows its secret once. */
export function CreateKey({ user, isOpen, onClose }: { user: string; isOpen: boolean; onClose: () => void }) {
  const [made, setMade] = useState<MadeKey>();
  const close = () => {
    setMade(undefined);
    onClose();
  };
  return (
    <Dialog
      title={made ? `The new key of ${user}` : `Create a key for ${user}`}
      isOpen={isOpen}
      onClose={close}
    >
      {made ? (
        <Once made={made} onClose={close} />
      ) : (
        isOpen && <Form user={user} onMade={setMade} onClose={close} />
      )}
    </Dialog>
  );
}

function Form({
  user,
  onMade,
  onClose,
}: {
  user: string;
  onMade: (made: MadeKey) => void;
  onClose: () => void;
}) {
  const [days, setDays] = useState("");
  const create = useCreateKey();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (create.isPending) return;
        const expires = days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
        create.mutate({ user, expires }, { onSuccess: onMade });
      }}
    >
      <Field label="Ends" hint="A key can be disabled or deleted at any time.">
        {(control) => (
          <Select {...control} value={days} onChange={(event) => setDays(event.target.value)}>
            <option value="">never</option>
            <option value="1">after a day</option>
            <option value="7">after a week</option>
            <option value="30">after 30 days</option>
            <option value="90">after 90 days</option>
            <option value="365">after a year</option>
          </Select>
        )}
      </Field>
      <DialogActions error={create.error}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isBusy={create.isPending}>
          Create key
        </Button>
      </DialogActions>
    </form>
  );
}

/** The key as `~/.aws/credentials` has it. */
function Once({ made: { user, access_key, secret_key }, onClose }: { made: MadeKey; onClose: () => void }) {
  const lines = `[${user}]\naws_access_key_id = ${access_key}\naws_secret_access_key = ${secret_key}\n`;
  return (
    <>
      <SecretsOnce
        values={[
          ["Access key", access_key],
          ["Secret key", secret_key],
        ]}
      />
      <DialogActions>
        <Button icon={Download} onClick={() => saveText(`${user}.credentials`, lines)}>
          Save as a file
        </Button>
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </>
  );
}
