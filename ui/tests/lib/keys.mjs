// A person who has a keyboard and nothing else.

/** Presses of Tab after which something that cannot be reached is given up. */
const TABS_MAX = 120;

export class Keyboard {
  constructor(page) {
    this.page = page;
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  /** What has the focus, by the name that is read out. */
  focused(within) {
    return this.page.evaluate((place) => {
      const element = document.activeElement;
      if (place !== undefined && element?.closest(place) == null) return "";
      // Containers have the text of everything in them.
      const isControl =
        element?.matches("a, button, input, textarea, select, [role]:not([role=table])") ?? false;
      if (!isControl) return "";
      const labelled = element?.labels?.[0]?.textContent ?? element?.closest("label")?.textContent ?? "";
      return `${element?.getAttribute("aria-label") ?? labelled} ${element?.textContent ?? ""}`.trim();
    }, within);
  }

  /** Goes to something by Tab; in a part of the page, if a selector says which. */
  async tabTo(name, within, key = "Tab") {
    for (let press = 0; press < TABS_MAX; press += 1) {
      if (name.test(await this.focused(within))) return;
      await this.press(key);
    }
    throw new Error(`${name} cannot be reached by Tab`);
  }

  /** Does something by the search. */
  async search(text, title) {
    await this.press("Control+k");
    await this.page.getByRole("combobox", { name: "Search" }).waitFor();
    await this.type(text);
    await this.page.getByRole("option", { name: title, selected: true }).waitFor();
    await this.press("Enter");
  }
}
