import { History } from "lucide-react";
import { useState } from "react";
import { Button } from "@/parts/button";
import { Input } from "@/parts/field";
import { Notice } from "@/parts/states";
import { parsePlace } from "../../events/jump";

/** A field for a moment: a time, how long ago, or an event. */
export function MomentField({ onAt }: { onAt: (at: string) => void }) {
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        const place = parsePlace(text, new Date());
        const at = place && ("since" in place ? place.since : String(place.after + 1));
        setWrong(at === undefined);
        if (at !== undefined) onAt(at);
      }}
    >
      <div className="flex">
        <Input
          aria-label="The moment to show"
          aria-invalid={isWrong || undefined}
          placeholder="2h, 12:30, #1204"
          className="!w-56 rounded-r-none"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setWrong(false);
          }}
        />
        <Button type="submit" icon={History} className="rounded-l-none border-l-0">
          Rewind
        </Button>
      </div>
      {isWrong && (
        <div role="alert">
          <Notice tone="danger">
            Write a time such as 2h, 12:30 or 2026-11-22 12:30, or a sequence such as #1204.
          </Notice>
        </div>
      )}
    </form>
  );
}
