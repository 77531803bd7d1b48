/** Asks for the password once more, for changes of who may do what. */

export interface Asking {
  /** Sends the password. It throws if the store refused it. */
  readonly prove: (password: string) => Promise<void>;
  readonly end: (isProven: boolean) => void;
}

let asking: Asking | undefined;
const listeners = new Set<() => void>();

function set(next: Asking | undefined): void {
  asking = next;
  for (const listener of listeners) listener();
}

export function askingNow(): Asking | undefined {
  return asking;
}

export function onAsking(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the person has proven who they are; not if they gave up. */
export function askForPassword(prove: (password: string) => Promise<void>): Promise<boolean> {
  asking?.end(false);
  return new Promise((resolve) => {
    set({
      prove,
      end: (isProven) => {
        set(undefined);
        resolve(isProven);
      },
    });
  });
}
