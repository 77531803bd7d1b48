/** What `tokens.css` promises: text is read on every surface of its theme, also where no test page has it yet. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
/** The contrast that text needs.
 *
 * Source: WCAG 2.2, success criterion 1.4.3.
 */
const CONTRAST_MIN = 4.5;

type Rgb = readonly [number, number, number];

/** The variables of a theme: those of the light one, with what the dark one has in their place. */
function tokens(theme: "light" | "dark"): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, selector = "", block = ""] of css.matchAll(/(:root[^{]*)\{([^}]*)\}/g)) {
    if (selector.includes("dark") && theme === "light") continue;
    for (const [, name = "", value = ""] of block.matchAll(/--([\w-]+): ([^;]+);/g)) found.set(name, value);
  }
  return found;
}

/** The value of a variable, with the variables in it. */
function resolved(name: string, all: Map<string, string>): string {
  return (all.get(name) ?? "").replace(/var\(--([\w-]+)\)/g, (_, inner: string) => resolved(inner, all));
}

/** Linear red, green and blue of a colour in OKLCH, cut to what screens have.
 *
 * Source: Björn Ottosson, "A perceptual color space for image processing".
 */
function colourOf(text: string): Rgb {
  const [lightness = 0, chroma = 0, hue = 0] = (/oklch\(([^)/]+)/.exec(text)?.[1] ?? "")
    .trim()
    .split(/\s+/)
    .map(Number);
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (value: number) => Math.min(1, Math.max(0, value));
  return [
    cut(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    cut(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    cut(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function contrast(one: Rgb, other: Rgb): number {
  const luminance = ([red, green, blue]: Rgb) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ["bg", "surface", "sunken", "hover", "selected"];
const TEXTS = ["text", "muted", "faint", "accent", "ok", "notice", "warning", "danger"];

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  const all = tokens(theme);
  const colour = (name: string) => colourOf(resolved(name, all));
  const below = (pairs: readonly (readonly [text: string, surface: string])[]) =>
    pairs.flatMap(([text, surface]) => {
      const found = contrast(colour(text), colour(surface));
      return found < CONTRAST_MIN ? [`${text} on ${surface}: ${found.toFixed(2)}`] : [];
    });

  test("black and white have the contrast that they have", () => {
    expect(contrast(colourOf("oklch(0 0 0)"), colourOf("oklch(1 0 0)"))).toBeCloseTo(21, 1);
  });

  test("text is read on every surface", () => {
    expect(below(TEXTS.flatMap((text) => SURFACES.map((surface) => [text, surface] as const)))).toEqual([]);
  });

  test("types of events are read on every surface", () => {
    const nouns = [...all.keys()].filter((name) => /^noun-[a-z]{2,}/.test(name));
    expect(nouns.length).toBeGreaterThan(5);
    expect(below(nouns.flatMap((noun) => SURFACES.map((surface) => [noun, surface] as const)))).toEqual([]);
  });

  test("the labels of buttons are read", () => {
    const fills = ["accent", "accent-hover", "danger", "danger-hover"];
    expect(below(fills.map((fill) => ["on-accent", fill] as const))).toEqual([]);
  });
});
