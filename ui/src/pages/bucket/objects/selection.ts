/** Which rows are selected, and from where a range goes. */

export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** Where a range begins that is extended with Shift. */
  readonly anchor?: string;
}

export const NOTHING: Selection = { ids: new Set() };

/** Selects a row or deselects it. Ranges begin here from now on. */
export function toggled({ ids }: Selection, id: string): Selection {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return { ids: next, anchor: id };
}

/** Selects from the anchor to a row, in the order that is shown. What was selected elsewhere stays. */
export function extended(selection: Selection, order: readonly string[], id: string): Selection {
  const from = order.indexOf(selection.anchor ?? id);
  const to = order.indexOf(id);
  if (from < 0 || to < 0) return toggled(selection, id);
  const [first, last] = from < to ? [from, to] : [to, from];
  return { ids: new Set([...selection.ids, ...order.slice(first, last + 1)]), anchor: order[from] };
}

export function all(order: readonly string[]): Selection {
  return { ids: new Set(order), anchor: order[0] };
}

/** Leaves out what is not there any more. */
export function among(selection: Selection, order: readonly string[]): Selection {
  const known = new Set(order);
  if ([...selection.ids].every((id) => known.has(id))) return selection;
  return { ids: new Set([...selection.ids].filter((id) => known.has(id))), anchor: selection.anchor };
}
