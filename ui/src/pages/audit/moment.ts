/** Moments in the fields of browsers, which are in the zone of the reader, and in URLs. */

/** A moment as `<input type="datetime-local">` has it; empty if there is none. */
export function toField(time: string | undefined): string {
  const date = time === undefined ? undefined : new Date(time);
  if (date === undefined || Number.isNaN(date.getTime())) return "";
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** The moment of such a field; absent if it is empty. */
export function fromField(text: string): string | undefined {
  const date = new Date(text);
  return text === "" || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
