/**
 * How links look within text: they have a line, for by their colour alone not everybody tells them from the words around
 * them. Names in tables and lists that open something have none.
 */
export const LINK = "text-accent underline underline-offset-2";

/** The same in the colour of the text: in muted lines, and for buttons in sentences. */
export const QUIET_LINK = "underline underline-offset-2 hover:text-text";
