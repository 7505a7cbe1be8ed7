// One city's map: ground, data, boundary, points. Data come by address, as binary, named by what is
// in them, and are fetched once; a rerun sends only where they are. What is seen of a city, and which
// layers, outlives reruns and pages. Clicks go to the server as longitude and latitude.

const KEPT = 80; // pieces of data held in memory
const NO_CLASS = 255;
const MOST_ZOOM = 20;
const HIGHLIGHT = [255, 255, 255, 110];
const UNSEEN = [0, 0, 0, 0];
const EARTH_M = 40075016.7;
const MOST_SHAKE = 6; // pixels between press and release of a click
const FEWEST_LETTERS = 2;
const MOST_FOUND = 8;
const FOUND_ZOOM = 16;
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let library; // deck.gl, loaded once a page
let converter;
const pieces = new Map(); // address → promise of its content
const made = new Map(); // what layers are drawn from → its colours, so that equal ones are not made twice

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".city-map");
  root.cityMap ??= new CityMap(root);
  root.cityMap.take(data, setTriggerValue);
  // Called at each change of the data, too: only a map that has left the page is given up.
  return () => setTimeout(() => root.isConnected || root.cityMap.leave(), 0);
}

function loadLibrary(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(globalThis.deck);
    script.onerror = () => {
      library = undefined;
      script.remove();
      reject(new Error(address));
    };
    document.head.append(script);
  });
  return library;
}

function piece(address, read) {
  if (!pieces.has(address)) {
    const arriving = fetch(address).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status} ${address}`);
      return read(answer);
    });
    arriving.catch(() => pieces.delete(address));
    remember(pieces, address, arriving);
  }
  return pieces.get(address);
}

function remember(map, key, value) {
  map.set(key, value);
  if (map.size > KEPT) map.delete(map.keys().next().value);
  return value;
}

const numbers = (address, kind) => piece(address, async (answer) => new kind(await answer.arrayBuffer()));
const json = (address) => piece(address, (answer) => answer.json());

// RGBA of each shape, four bytes a shape.
function coloursOf(classes, palette) {
  const colours = new Uint8Array(classes.length * 4);
  for (let i = 0; i < classes.length; i += 1) {
    if (classes[i] !== NO_CLASS) colours.set(palette[classes[i]], i * 4);
  }
  return colours;
}

// What a shape's tooltip says; its words come when they are first wanted.
class Tips {
  constructor(shown, classes, words) {
    Object.assign(this, shown.tip, { classes, words });
  }

  async at(index) {
    if (this.classes[index] === NO_CLASS) return null;
    const notes = this.notes && (await json(this.notes));
    return [await this.title(index), notes ? notes[index] : this.note];
  }

  async title(index) {
    if (this.titles) return (await json(this.titles))[index];
    const value = (await numbers(this.values, Float32Array))[index];
    if (!Number.isFinite(value)) return `${this.words.none} ${this.label}`;
    return this.names.length ? this.names[value] : `${this.label} ${Number(value.toPrecision(3))}`;
  }
}

async function cellLayer(deck, one, words) {
  const [middles, classes] = await Promise.all([
    numbers(one.cells.middles, Float64Array),
    numbers(one.shown.classes, Uint8Array),
  ]);
  const key = [one.cells.middles, one.shown.classes, JSON.stringify(one.shown.palette)].join(" ");
  const data =
    made.get(key) ??
    remember(made, key, {
      length: classes.length,
      attributes: {
        getPosition: { value: middles, size: 2 },
        getFillColor: { value: coloursOf(classes, one.shown.palette), size: 4, normalized: true },
      },
    });
  return new deck.ColumnLayer({
    id: one.id,
    data,
    diskResolution: one.cells.outline.length,
    vertices: one.cells.outline,
    radius: 1,
    extruded: false,
    material: false,
    pickable: true,
    autoHighlight: true,
    highlightColor: ({ index }) => (classes[index] === NO_CLASS ? UNSEEN : HIGHLIGHT),
    opacity: one.opacity,
    tips: new Tips(one.shown, classes, words),
  });
}

async function shapeLayer(deck, one, words) {
  const [shapes, classes] = await Promise.all([json(one.shapes), numbers(one.shown.classes, Uint8Array)]);
  const { palette } = one.shown;
  const key = `${one.shapes} ${one.shown.classes}`;
  const features = made.get(key) ?? remember(made, key, shapes.features.filter(drawn));
  function drawn(shape) {
    return classes[shape.properties.at] !== NO_CLASS;
  }
  return new deck.GeoJsonLayer({
    id: one.id,
    data: features,
    getFillColor: (shape) => palette[classes[shape.properties.at]],
    updateTriggers: { getFillColor: [one.shown.classes, JSON.stringify(palette)] },
    getLineColor: one.line,
    lineWidthMinPixels: 0.4,
    lineWidthMaxPixels: 1,
    getPointRadius: 12,
    pointRadiusMinPixels: 3.2,
    pointRadiusMaxPixels: 7,
    stroked: one.stroked,
    filled: true,
    pickable: true,
    autoHighlight: true,
    highlightColor: HIGHLIGHT,
    opacity: one.opacity,
    tips: new Tips(one.shown, classes, words),
  });
}

// How words are compared: without capitals and accents.
const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// Places whose names hold some words: those that begin with them first, then by length.
function matching(places, words) {
  const wanted = plain(words.trim());
  return places
    .map((place) => ({ place, at: plain(place.t).indexOf(wanted) }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => (one.at > 0) - (other.at > 0) || one.place.t.length - other.place.t.length)
    .slice(0, MOST_FOUND)
    .map(({ place }) => place);
}

const BUILDERS = { CellLayer: cellLayer, ShapeLayer: shapeLayer };

async function layerOf(deck, one, words) {
  const builder = BUILDERS[one["@@type"]];
  if (builder) return builder(deck, one, words);
  converter ??= new deck.JSONConverter({ configuration: { classes: deck } });
  const data = typeof one.data === "string" ? await json(one.data) : one.data;
  const { layers } = converter.convert({ layers: [{ ...one, data: [] }] });
  return layers[0].clone({ data, opacity: one.opacity });
}

class CityMap {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.stage = this.find(".stage");
    this.turn = 0;
    this.pointed = 0;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.press(button.dataset.act);
    });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("pointerleave", () => this.say(null));
    const ground = this.find(".deck");
    ground.addEventListener("pointerdown", (event) => (this.pressed = [event.clientX, event.clientY]));
    ground.addEventListener("click", (event) => this.clicked(event));
    this.box = this.find(".find input");
    this.list = this.find(".find ul");
    this.box.addEventListener("input", () => this.search());
    this.box.addEventListener("keydown", (event) => this.searchKey(event));
    this.box.addEventListener("blur", () => this.offer([]));
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the box keeps the focus, so the list stays until it is chosen from
      const row = event.target.closest("li[data-at]");
      if (row) this.visit(this.offered[row.dataset.at]);
    });
    this.resized = new ResizeObserver(() => this.scale());
    this.resized.observe(this.stage);
    root.addEventListener("fullscreenchange", () => this.label());
  }

  async take(data, send) {
    this.data = data;
    this.send = send;
    this.turn += 1;
    const { turn } = this;
    this.stage.style.height = `${data.height}px`;
    this.root.style.setProperty("--land", `rgb(${data.land})`);
    this.stage.classList.toggle("keys", data.clickable);
    this.label();
    this.legend(null);
    this.stack();
    if (!this.deck) this.tell(data.words.waiting);
    try {
      const deck = await loadLibrary(data.code);
      const chosen = this.chosen();
      const layers = await Promise.all(
        data.layers.map((one) => layerOf(deck, { ...one, ...this.look(chosen, one.group) }, data.words)),
      );
      if (turn !== this.turn || !this.root.isConnected) return;
      const seen = layers.filter((_, at) => !chosen[data.layers[at].group]?.hidden);
      this.show(deck, this.visited ? [...seen, this.ring(deck)] : seen);
      this.tell("");
      this.legend(await this.counts());
    } catch (error) {
      console.error(error);
      if (turn === this.turn) this.tell(data.words.failed, data.words.again);
    }
  }

  show(deck, layers) {
    const views = new deck.MapView({ id: "map", repeat: this.data.bounds[2] > 180 });
    if (this.deck) {
      this.deck.setProps({ layers, views });
      return;
    }
    this.library = deck;
    this.view = this.keptView() ?? this.whole();
    this.deck = new deck.Deck({
      parent: this.find(".deck"),
      views,
      layers,
      controller: { keyboard: false },
      initialViewState: this.view,
      pickingRadius: 3,
      onViewStateChange: ({ viewState }) => {
        this.view = { ...viewState, zoom: Math.min(viewState.zoom, MOST_ZOOM) };
        this.moved();
        return this.view;
      },
      onHover: (info) => this.hover(info),
      getCursor: ({ isDragging, isHovering }) =>
        isDragging ? "grabbing" : isHovering && this.data.clickable ? "pointer" : "grab",
    });
    if (this.data.style) this.startBasemap();
    this.moved();
  }

  // The style's map lies below and follows: where its server does not answer, the data stand alone.
  startBasemap() {
    const { longitude, latitude, zoom } = this.view;
    const overlay = globalThis.createDeck({
      container: this.find(".basemap"),
      jsonInput: {
        mapProvider: "maplibre",
        mapStyle: this.data.style,
        initialViewState: { longitude, latitude, zoom },
        layers: [],
      },
    });
    const waiting = setInterval(() => {
      if (!this.root.isConnected) clearInterval(waiting);
      if (!overlay?._map) return;
      clearInterval(waiting);
      this.basemap = overlay._map;
      this.follow();
    }, 100);
  }

  leave() {
    this.turn += 1;
    this.resized.disconnect();
    this.basemap?.remove();
    this.deck?.finalize();
    this.deck = this.basemap = null;
  }

  // What is seen.

  whole() {
    const { width, height } = this.stage.getBoundingClientRect();
    const [west, south, east, north] = this.data.bounds;
    const port = new this.library.WebMercatorViewport({ width: Math.max(width, 50), height: Math.max(height, 50) });
    const padding = Math.min(24, width / 8, height / 8);
    const { longitude, latitude, zoom } = port.fitBounds(
      [
        [west, south],
        [east, north],
      ],
      { padding, maxZoom: 17 },
    );
    return { longitude, latitude, zoom, minZoom: Math.min(zoom - 3, 8), maxZoom: MOST_ZOOM };
  }

  keptView() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(`aether view ${this.data.place}`));
      return kept && { ...this.whole(), ...kept };
    } catch {
      return null;
    }
  }

  go(view) {
    this.view = { ...this.view, ...view };
    this.deck?.setProps({ initialViewState: { ...this.view } });
    this.moved();
  }

  moved() {
    const { longitude, latitude, zoom } = this.view;
    this.say(null);
    this.scale();
    this.follow();
    try {
      sessionStorage.setItem(`aether view ${this.data.place}`, JSON.stringify({ longitude, latitude, zoom }));
    } catch {
      // A browser that keeps nothing shows the whole city on the next page.
    }
  }

  follow() {
    const { longitude, latitude, zoom } = this.view;
    this.basemap?.jumpTo({ center: [longitude, latitude], zoom });
  }

  scale() {
    if (!this.view) return;
    const metre = (512 * 2 ** this.view.zoom) / (EARTH_M * Math.cos((this.view.latitude * Math.PI) / 180));
    const most = 100 / metre;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = power * [5, 2, 1].find((step) => step * power <= most);
    this.find(".scale span").textContent = length < 1000 ? `${length} m` : `${length / 1000} km`;
    this.find(".scale i").style.width = `${length * metre}px`;
  }

  // Pointer and keys.

  async hover(info) {
    this.pointed += 1;
    const { pointed } = this;
    const words = await this.wordsOf(info);
    if (pointed === this.pointed) this.say(words, info);
  }

  async wordsOf({ picked, layer, object, index }) {
    if (!picked) return null;
    if (layer.props.tips) return layer.props.tips.at(object?.properties?.at ?? index);
    return object?.t ? [object.t, object.n] : null;
  }

  say(words, at) {
    const tip = this.find(".tip");
    tip.hidden = !words;
    if (!words) {
      this.pointed += 1;
      return;
    }
    [tip.firstChild.textContent, tip.lastChild.textContent] = [words[0], words[1] ?? ""];
    const { clientWidth, clientHeight } = this.stage;
    const left = Math.min(at.x + 14, clientWidth - tip.offsetWidth - 6);
    const above = at.y + 18 + tip.offsetHeight > clientHeight;
    tip.style.transform = `translate(${Math.max(left, 6)}px, ${above ? at.y - tip.offsetHeight - 10 : at.y + 16}px)`;
  }

  // The browser's own click: however long a frame takes to draw, none is lost.
  clicked(event) {
    const [x, y] = this.pressed ?? [event.clientX, event.clientY];
    if (!this.deck || Math.hypot(event.clientX - x, event.clientY - y) > MOST_SHAKE) return;
    const { left, top } = this.stage.getBoundingClientRect();
    const here = { x: event.clientX - left, y: event.clientY - top };
    const object = this.deck.pickObject({ ...here, radius: 3, layerIds: ["marks", "points"] })?.object;
    const coordinate = this.deck.getViewports()[0]?.unproject([here.x, here.y]);
    if (coordinate) this.choose({ coordinate, object });
  }

  choose({ coordinate, object }) {
    if (!this.data.clickable) return;
    const [lon, lat] = object?.p ?? coordinate;
    this.send("clicked", { lon, lat });
  }

  key(event) {
    if (event.target !== this.stage || !this.deck) return;
    const step = STEP[event.key];
    if (step) this.pan(...step);
    else if (event.key === "+" || event.key === "=") this.go({ zoom: Math.min(this.view.zoom + 0.5, MOST_ZOOM) });
    else if (event.key === "-") this.go({ zoom: this.view.zoom - 0.5 });
    else if (event.key === "Enter" && this.data.clickable)
      this.choose({ coordinate: [this.view.longitude, this.view.latitude] });
    else return;
    event.preventDefault();
  }

  pan(right, down) {
    const degree = (512 * 2 ** this.view.zoom) / 360;
    const upright = degree / Math.cos((this.view.latitude * Math.PI) / 180);
    this.go({
      longitude: this.view.longitude + (right * 60) / degree,
      latitude: Math.max(-85, Math.min(85, this.view.latitude - (down * 60) / upright)),
    });
  }

  press(act) {
    ACTS[act]?.(this);
  }

  resize() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen();
  }

  // Places by name.

  async search() {
    const words = this.box.value;
    if (plain(words.trim()).length < FEWEST_LETTERS) {
      this.offer([]);
      if (!words) this.visit(null);
      return;
    }
    const places = await json(this.data.places).catch(() => []);
    if (words === this.box.value) this.offer(matching(places, words), this.data.words.nothing);
  }

  offer(places, nothing) {
    this.offered = places;
    this.chosenAt = places.length ? 0 : -1;
    this.list.hidden = !places.length && !nothing;
    this.box.setAttribute("aria-expanded", String(!this.list.hidden));
    this.list.replaceChildren(
      ...places.map(({ t, n }, at) => {
        const row = document.createElement("li");
        row.setAttribute("role", "option");
        row.id = `place-${at}`;
        row.dataset.at = at;
        const note = document.createElement("small");
        note.textContent = n;
        row.append(t, note);
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

  searchKey(event) {
    event.stopPropagation(); // letters in this box are no shortcuts of the page
    const many = this.offered?.length ?? 0;
    if (event.key === "Enter" && many) this.visit(this.offered[this.chosenAt]);
    else if (event.key === "ArrowDown" && many) this.chosenAt = (this.chosenAt + 1) % many;
    else if (event.key === "ArrowUp" && many) this.chosenAt = (this.chosenAt + many - 1) % many;
    else if (event.key === "Escape") this.offer([]);
    else return;
    event.preventDefault();
    this.mark();
  }

  // Go to a place and ring it, or take the ring away.
  visit(place) {
    this.visited = place;
    this.offer([]);
    if (place) {
      this.box.value = place.t;
      this.go({ longitude: place.p[0], latitude: place.p[1], zoom: Math.max(this.view.zoom, FOUND_ZOOM) });
    }
    this.take(this.data, this.send);
  }

  ring(deck) {
    return new deck.ScatterplotLayer({
      id: "visited",
      data: [this.visited],
      getPosition: (place) => place.p,
      radiusUnits: "pixels",
      getRadius: 13,
      stroked: true,
      filled: false,
      getLineColor: this.data.mark,
      lineWidthUnits: "pixels",
      getLineWidth: 4,
      pickable: true,
    });
  }

  // Words around the map.

  label() {
    const { words, alt, clickable } = this.data;
    const whole = this.root.matches(":fullscreen");
    for (const button of this.root.querySelectorAll("button[data-act]")) {
      const { act } = button.dataset;
      const name = act === "full" && whole ? words.leave : words[act];
      if (!name) continue;
      button.setAttribute("aria-label", name);
      button.title = name;
    }
    this.find('[data-act="full"]').hidden = !document.fullscreenEnabled;
    this.find(".find").hidden = !this.data.places;
    this.box.setAttribute("aria-label", words.find);
    this.box.placeholder = words.find;
    this.list.setAttribute("aria-label", words.find);
    const keys = clickable ? `${words.keys}. ${words.choose}` : words.keys;
    this.stage.setAttribute("aria-label", `${alt}. ${keys}.`);
  }

  tell(words, remedy) {
    const note = this.find(".note");
    note.textContent = words;
    if (!remedy) return;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.act = "again";
    button.textContent = remedy;
    note.append(button);
  }

  // How many shapes each class has; nothing where a map has no classes.
  async counts() {
    const one = this.data.layers.find((layer) => layer.shown);
    if (!one) return null;
    const counts = new Array(NO_CLASS + 1).fill(0);
    for (const place of await numbers(one.shown.classes, Uint8Array)) counts[place] += 1;
    return counts;
  }

  legend(counts) {
    const { legend } = this.data;
    const box = this.find(".legend");
    box.hidden = !legend;
    if (!legend) return;
    const make = (tag, name, text) => {
      const element = document.createElement(tag);
      element.className = name;
      if (text !== undefined) element.textContent = text;
      return element;
    };
    const head = make("div", "legend-head");
    head.append(make("span", "legend-title", legend.title), make("span", "legend-unit", legend.unit));
    const list = make("ul", legend.ordered ? "entries ordered" : "entries");
    const most = counts ? Math.max(...legend.entries.map((entry) => counts[entry.place] ?? 0), 1) : 1;
    for (const entry of legend.entries) {
      const row = make("li", "entry");
      if (legend.ordered) {
        const count = make("div", "count");
        const bar = document.createElement("i");
        bar.style.height = `${(100 * (counts?.[entry.place] ?? 0)) / most}%`;
        count.append(bar);
        count.title = counts ? counts[entry.place].toLocaleString("en") : "";
        row.append(count);
      }
      const swatch = make("span", "swatch");
      const paint = document.createElement("i");
      paint.style.background = entry.colour;
      swatch.append(paint);
      row.append(swatch, make("span", "name", entry.name));
      if (entry.figure) row.append(make("span", "figure", entry.figure));
      list.append(row);
    }
    box.replaceChildren(head, list);
  }

  // Which layers are seen, and how strongly.

  chosen() {
    try {
      return JSON.parse(sessionStorage.getItem("aether layers")) ?? {};
    } catch {
      return {};
    }
  }

  look(chosen, group) {
    return { opacity: chosen[group]?.opacity ?? 1 };
  }

  change(group, what) {
    const chosen = this.chosen();
    chosen[group] = { ...chosen[group], ...what };
    try {
      sessionStorage.setItem("aether layers", JSON.stringify(chosen));
    } catch {
      return;
    }
    this.take(this.data, this.send);
  }

  unfold() {
    const stack = this.find(".stack");
    stack.hidden = !stack.hidden;
    this.find('[data-act="layers"]').setAttribute("aria-expanded", String(!stack.hidden));
  }

  stack() {
    const groups = [...new Set(this.data.layers.map((one) => one.group).filter(Boolean))];
    const box = this.find(".stack");
    if (box.dataset.groups === groups.join("\n")) return;
    box.dataset.groups = groups.join("\n");
    const chosen = this.chosen();
    const { words } = this.data;
    box.replaceChildren(
      ...groups.map((group) => {
        const row = document.createElement("div");
        const label = document.createElement("label");
        const eye = document.createElement("input");
        eye.type = "checkbox";
        eye.checked = !chosen[group]?.hidden;
        eye.addEventListener("change", () => this.change(group, { hidden: !eye.checked }));
        label.append(eye, group);
        const slider = document.createElement("input");
        Object.assign(slider, { type: "range", min: 0.1, max: 1, step: 0.1, value: chosen[group]?.opacity ?? 1 });
        slider.setAttribute("aria-label", `${words.opacity} ${group}`);
        slider.addEventListener("change", () => this.change(group, { opacity: Number(slider.value) }));
        row.append(label, slider);
        return row;
      }),
    );
  }

  // The map as it is seen, with title, legend, scale and credits below, as a PNG.
  picture() {
    const { legend, name, credits, land, alt } = this.data;
    this.deck.redraw("picture");
    const drawn = this.find(".deck canvas");
    const below = this.find(".basemap canvas");
    const ratio = drawn.width / drawn.clientWidth;
    const width = drawn.clientWidth;
    const lines = wrapped(credits.join(" · "), width - 24, 11);
    const rows = legend ? placed(legend.entries, width - 24) : [];
    const high = 30 + (rows.length ? rows.at(-1).y + 24 : 0) + lines.length * 15 + 10;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [drawn.width, drawn.height + high * ratio];
    const pen = canvas.getContext("2d");
    pen.fillStyle = `rgb(${land})`;
    pen.fillRect(0, 0, canvas.width, drawn.height);
    if (below) pen.drawImage(below, 0, 0, drawn.width, drawn.height);
    pen.drawImage(drawn, 0, 0);
    pen.scale(ratio, ratio);
    const styles = getComputedStyle(this.root);
    pen.fillStyle = styles.backgroundColor;
    pen.fillRect(0, drawn.clientHeight, width, high);
    this.drawScale(pen, width, drawn.clientHeight, styles.color);
    pen.translate(12, drawn.clientHeight + 20);
    pen.fillStyle = styles.color;
    pen.font = "600 13px sans-serif";
    pen.fillText(legend ? `${name}: ${legend.title} (${legend.unit})` : alt, 0, 0, width - 24);
    pen.font = "12px sans-serif";
    for (const { entry, x, y } of rows) {
      pen.fillStyle = `rgb(${land})`;
      pen.fillRect(x, y + 8, 20, 13);
      pen.fillStyle = entry.colour;
      pen.fillRect(x, y + 8, 20, 13);
      pen.fillStyle = styles.color;
      pen.fillText(`${entry.name} ${entry.figure}`.trim(), x + 26, y + 19);
    }
    pen.font = "11px sans-serif";
    const top = rows.length ? rows.at(-1).y + 24 : 0;
    lines.forEach((line, at) => pen.fillText(line, 0, top + 16 + at * 15));
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}-map.png`;
    link.click();
  }

  drawScale(pen, width, height, colour) {
    const bar = this.find(".scale i");
    const long = bar.clientWidth;
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(width - 12 - long, height - 16);
    pen.lineTo(width - 12 - long, height - 11);
    pen.lineTo(width - 12, height - 11);
    pen.lineTo(width - 12, height - 16);
    pen.stroke();
    pen.font = "12px sans-serif";
    pen.textAlign = "center";
    pen.fillText(this.find(".scale span").textContent, width - 12 - long / 2, height - 20);
    pen.textAlign = "left";
  }
}

// What the buttons do.
const ACTS = {
  again: (map) => map.take(map.data, map.send),
  in: (map) => map.go({ zoom: Math.min(map.view.zoom + 1, MOST_ZOOM) }),
  out: (map) => map.go({ zoom: map.view.zoom - 1 }),
  fit: (map) => map.go(map.whole()),
  picture: (map) => map.picture(),
  layers: (map) => map.unfold(),
  full: (map) => map.resize(),
};

function measured(font) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = font;
  return (text) => pen.measureText(text).width;
}

function wrapped(text, width, size) {
  const long = measured(`${size}px sans-serif`);
  const lines = [""];
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (long(longer) <= width || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines[0] ? lines : [];
}

// Where each legend entry stands in rows of a width.
function placed(entries, width) {
  const long = measured("12px sans-serif");
  let [x, y] = [0, 0];
  return entries.map((entry) => {
    const needed = 44 + long(`${entry.name} ${entry.figure}`.trim());
    if (x && x + needed > width) [x, y] = [0, y + 19];
    const place = { entry, x, y };
    x += needed;
    return place;
  });
}
