import { useState } from "react";

/**
 * Whether something has been so once, for the same `of`. A page whose parts are shown together once all have answered must
 * not take them away again while one of them asks anew: each would ask again when it is shown, without an end.
 */
export function useOnce(is: boolean, of = ""): boolean {
  const [was, setWas] = useState<string>();
  if (is && was !== of) setWas(of);
  return is || was === of;
}
