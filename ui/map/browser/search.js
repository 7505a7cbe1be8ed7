// The box that finds places, streets, parks and waters by name, on any map.

import { json } from "./pieces.js";

const FEWEST_LETTERS = 2;
const MOST_FOUND = 8;
const PARTS =
  '<svg viewBox="0 0 24 24"><path d="M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14M16 16l4.5 4.5"/></svg>' +
  '<input type="search" role="combobox" aria-expanded="false" aria-autocomplete="list" autocomplete="off">' +
  '<ul role="listbox" hidden></ul>';

// How words are compared: without capitals and accents.
const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// Places whose names hold some words: those that begin with them first, then by length. A place that only
// another name of it (`o`, in another language) finds comes after those, and says by which.
function matching(places, words) {
  const wanted = plain(words.trim());
  return places
    .map((place) => {
      const at = plain(place.t).indexOf(wanted);
      if (at >= 0) return { place, at };
      const by = (place.o ?? []).find((name) => plain(name).includes(wanted));
      return by === undefined ? { at } : { place: { ...place, by }, at: Infinity };
    })
    .filter(({ at }) => at >= 0)
    .sort((one, other) => rank(one) - rank(other) || one.place.t.length - other.place.t.length)
    .slice(0, MOST_FOUND)
    .map(({ place }) => place);
}

const rank = ({ at }) => (at === Infinity ? 2 : Number(at > 0));

export class Search {
  // `root` is an element for it to fill (search.css); `visit` is called with what was chosen, and with null
  // once the box is emptied.
  constructor(root, visit) {
    this.root = root;
    root.innerHTML = PARTS;
    this.visit = visit;
    this.box = root.querySelector("input");
    this.list = root.querySelector("ul");
    this.box.addEventListener("input", () => this.search());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("blur", () => this.offer([]));
    this.list.addEventListener("wheel", (event) => event.stopPropagation()); // turns the list, not the map
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the box keeps the focus, so the list stays until it is chosen from
      const row = event.target.closest("li[data-at]");
      if (row) this.choose(this.offered[row.dataset.at]);
    });
  }

  // Addresses of what can be found; words `find` and `nothing`.
  take(found, words) {
    Object.assign(this, { found, words });
    this.root.hidden = !found.length;
    this.box.setAttribute("aria-label", words.find);
    this.box.placeholder = words.find;
    this.list.setAttribute("aria-label", words.find);
  }

  async search() {
    const words = this.box.value;
    if (plain(words.trim()).length < FEWEST_LETTERS) {
      this.offer([]);
      if (!words) this.visit(null);
      return;
    }
    const known = this.found.map((address) => json(address).catch(() => []));
    const places = (await Promise.all(known)).flat().filter(({ f }) => f !== false);
    if (words === this.box.value) this.offer(matching(places, words), this.words.nothing);
  }

  offer(places, nothing) {
    this.offered = places;
    this.chosenAt = places.length ? 0 : -1;
    this.list.hidden = !places.length && !nothing;
    this.box.setAttribute("aria-expanded", String(!this.list.hidden));
    this.list.replaceChildren(
      ...places.map(({ t, n, by }, at) => {
        const row = document.createElement("li");
        row.setAttribute("role", "option");
        row.id = `place-${at}`;
        row.dataset.at = at;
        const [name, note] = ["bdi", "small"].map((kind) => document.createElement(kind));
        name.textContent = t; // apart from the note, which may run the other way
        note.textContent = by ? [n, `\u2068${by}\u2069`].filter(Boolean).join(" · ") : n;
        row.append(name, note);
        return row;
      }),
    );
    if (!places.length && nothing) {
      const row = document.createElement("li");
      row.className = "none";
      row.textContent = nothing;
      this.list.append(row);
    }
    this.mark();
  }

  mark() {
    [...this.list.querySelectorAll("[data-at]")].forEach((row, at) => {
      row.setAttribute("aria-selected", String(at === this.chosenAt));
      if (at === this.chosenAt) row.scrollIntoView({ block: "nearest" });
    });
    this.box.setAttribute("aria-activedescendant", this.chosenAt < 0 ? "" : `place-${this.chosenAt}`);
  }

  key(event) {
    event.stopPropagation(); // letters in this box are no shortcuts of the page
    const many = this.offered?.length ?? 0;
    if (event.key === "Enter" && many) this.choose(this.offered[this.chosenAt]);
    else if (event.key === "ArrowDown" && many) this.chosenAt = (this.chosenAt + 1) % many;
    else if (event.key === "ArrowUp" && many) this.chosenAt = (this.chosenAt + many - 1) % many;
    else if (event.key === "Escape") this.offer([]);
    else return;
    event.preventDefault();
    this.mark();
  }

  choose(place) {
    this.offer([]);
    this.box.value = place.t;
    this.visit(place);
  }
}
