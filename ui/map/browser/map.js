// One city's map: ground, data, boundary, points. Data come by address, as binary, named by what is
// in them, and are fetched once; a rerun sends only where they are. What is seen of a city, and which
// layers, outlives reruns and pages. Clicks go to the server as longitude and latitude.

import { digits } from "./figures.js";
import { CellIndex, PixelIndex, PointIndex, ShapeIndex, middlesOf, seenFrom } from "./finding.js";
import { layersOf, Names } from "./names.js";
import { NO_CLASS, coloursOf, imageOf } from "./painted.js";
import { json, numbers, piece, remember } from "./pieces.js";
import { Search } from "./search.js";

const KEPT_LARGE = 8; // of what is made of data, which may take some 10 MB
const ALL_CELLS = 30_000; // so many are all drawn, wherever one looks; of more, a picture or those in view
const MOST_ZOOM = 20;
const EARTH_M = 40075016.7;
const MOST_SHAKE = 6; // pixels between press and release of a click
const FOUND_ZOOM = 16;
const ADDRESS_MS = 400;
const [NARROWEST, WIDEST] = [0.02, 0.98]; // where the divider stops
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let linked = /^#map=(.+)$/.exec(location.hash)?.[1]; // the view a link asks for
let library; // deck.gl, loaded once a page
let converter;
const made = new Map(); // what layers are drawn from → what was made of it, so that it is not made twice
const indexes = new Map(); // where cells lie → which one a point is in

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".city-map");
  root.cityMap ??= new CityMap(root);
  root.cityMap.take(data, setTriggerValue);
  // Called at each change of the data, too: only a map that has left the page is given up.
  return () => setTimeout(() => root.isConnected || root.cityMap.leave(), 0);
}

// Load deck.gl before a map is there: a second of processor while the page waits for its answer.
export const prepare = (address) => loadLibrary(address);

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

// What is kept under a key, or made now.
const keptOr = (map, key, make) => remember(map, key, map.get(key) ?? make(), KEPT_LARGE);

// What a shape's tooltip says; its words come when they are first wanted.
/* A number with three digits that count; whole numbers keep all of theirs. */
function inWords(value) {
  return Math.abs(value) >= 1000 ? digits(Math.round(value)) : digits(value, { maximumSignificantDigits: 3 });
}

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
    return this.names.length ? this.names[value] : `${this.label} ${inWords(value)}${this.suffix}`;
  }
}

const AS_THEY_ARE = { minFilter: "nearest", magFilter: "nearest", mipmapFilter: "none" }; // no colour is mixed

// A layer that is drawn: `layer` gives deck.gl's for what is seen, `at` what lies at a place of it,
// as a number, an outline and words, or null. Nothing is drawn to be picked from.

class Cells {
  constructor(deck, one, middles, faces, classes, words) {
    Object.assign(this, { deck, one, middles, classes });
    this.tips = new Tips(one.shown, classes, words);
    const { cells, shown } = one;
    this.index = () => keptOr(indexes, cells.places, () => new CellIndex(middles, faces));
    const key = [cells.places, shown.classes, JSON.stringify(shown.palette)].join(" ");
    this.colours = keptOr(made, key, () => new CellColours(middles, classes, shown.palette));
  }

  layer(seen) {
    if (this.classes.length > ALL_CELLS) {
      const drawn = this.index().picture();
      if (seen.pixels(drawn.pixel) < 1.2) return this.again("picture", () => this.picture(drawn));
    }
    const data = this.classes.length > ALL_CELLS ? this.colours.within(seen) : this.colours.all();
    return this.again(data, () => this.columns(data));
  }

  // deck.gl's layer of before, where it is drawn from the same.
  again(of, make) {
    if (this.of !== of) [this.of, this.made] = [of, make()];
    return this.made;
  }

  picture(drawn) {
    const { deck, one } = this;
    return new deck.BitmapLayer({
      id: `${one.id}-picture`,
      image: this.colours.picture(drawn),
      bounds: drawn.bounds,
      textureParameters: AS_THEY_ARE,
      opacity: one.opacity,
      side: one.side,
    });
  }

  columns(data) {
    const { deck, one } = this;
    return new deck.ColumnLayer({
      id: one.id,
      data,
      diskResolution: one.cells.outline.length,
      vertices: one.cells.outline,
      radius: 1,
      extruded: false,
      material: false,
      opacity: one.opacity,
      side: one.side,
    });
  }

  at(longitude, latitude) {
    const index = this.index();
    const at = index.at(longitude, latitude);
    if (at < 0 || this.classes[at] === NO_CLASS) return null;
    return { words: () => this.tips.at(at), rings: () => [index.outline(at)] };
  }
}

// Cells in their colours: as deck.gl takes them, all or those in view, or as one picture.
class CellColours {
  constructor(middles, classes, palette) {
    Object.assign(this, { middles, classes, palette });
  }

  all() {
    this.whole ??= columns(this.middles, coloursOf(this.classes, this.palette));
    return this.whole;
  }

  // Those in view and somewhat around it; the ones of before as long as these hold the view.
  within(seen) {
    const { middles, classes, palette } = this;
    if (this.part && seen.inside(this.around) && seen.zoom - this.zoom < 1.5) return this.part;
    this.around = seen.wider(0.3);
    this.zoom = seen.zoom;
    const [west, south, east, north] = this.around;
    const rows = [];
    for (let at = 0; at < classes.length; at += 1) {
      const latitude = middles[2 * at + 1];
      if (latitude < south || latitude > north || classes[at] === NO_CLASS) continue;
      if (middles[2 * at] >= west && middles[2 * at] <= east) rows.push(at);
    }
    const some = new Float64Array(rows.length * 2);
    rows.forEach((at, n) => some.set([middles[2 * at], middles[2 * at + 1]], 2 * n));
    this.part = columns(some, coloursOf(Uint8Array.from(rows, (at) => classes[at]), palette));
    return this.part;
  }

  picture(drawn) {
    this.image ??= imageOf(drawn, this.classes, this.palette);
    return this.image;
  }
}

const columns = (middles, colours) => ({
  length: colours.length / 4,
  attributes: {
    getPosition: { value: middles, size: 2 },
    getFillColor: { value: colours, size: 4, normalized: true },
  },
});

async function cells(library, one, words) {
  const { places, lattices } = one.cells;
  const [deck, faces, middles, classes] = await Promise.all([
    library,
    json(lattices),
    piece(places, async (answer) => middlesOf(new Int32Array(await answer.arrayBuffer()), await json(lattices))),
    numbers(one.shown.classes, Uint8Array),
  ]);
  return new Cells(deck, one, middles, faces, classes, words);
}

const DOT = { metres: 12, least: 3.2, most: 7 };

async function shapes(library, one, words) {
  const [deck, document, classes] = await Promise.all([
    library,
    json(one.shapes),
    numbers(one.shown.classes, Uint8Array),
  ]);
  const { palette } = one.shown;
  const key = `${one.shapes} ${one.shown.classes}`;
  const drawn = keptOr(made, key, () => document.features.filter((shape) => classes[shape.properties.at] !== NO_CLASS));
  const layer = new deck.GeoJsonLayer({
    id: one.id,
    data: drawn,
    getFillColor: (shape) => palette[classes[shape.properties.at]],
    updateTriggers: { getFillColor: [one.shown.classes, JSON.stringify(palette)] },
    getLineColor: one.line,
    lineWidthMinPixels: 0.4,
    lineWidthMaxPixels: 1,
    getPointRadius: DOT.metres,
    pointRadiusMinPixels: DOT.least,
    pointRadiusMaxPixels: DOT.most,
    stroked: one.stroked,
    filled: true,
    opacity: one.opacity,
    side: one.side,
  });
  const tips = new Tips(one.shown, classes, words);
  return {
    one,
    layer: () => layer,
    at(longitude, latitude, zoom) {
      const index = keptOr(indexes, key, () => new ShapeIndex(drawn, DOT));
      const found = index.at(longitude, latitude, zoom);
      return found && { words: () => tips.at(found.at), rings: () => (found.area ? index.outline(found.area) : []) };
    },
  };
}

// Many areas as one picture; another says which one each pixel of it shows.
async function picture(library, one, words) {
  const [deck, classes] = await Promise.all([library, numbers(one.shown.classes, Uint8Array)]);
  const tips = new Tips(one.shown, classes, words);
  const layer = new deck.BitmapLayer({
    id: one.id,
    image: one.image,
    bounds: one.bounds,
    textureParameters: AS_THEY_ARE,
    opacity: one.opacity,
    side: one.side,
  });
  let index; // fetched when something is first pointed at
  return {
    one,
    layer: () => layer,
    at(longitude, latitude) {
      if (!index) pixels(one.owners).then((found) => (index = new PixelIndex(found, one.bounds)), console.error);
      const found = index?.at(longitude, latitude);
      return found && classes[found.at] !== NO_CLASS ? { words: () => tips.at(found.at) } : null;
    },
  };
}

// The pixels of a picture, as they were written.
const pixels = (address) =>
  piece(address, async (answer) => {
    const untouched = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
    const image = await createImageBitmap(await answer.blob(), untouched);
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, image.width, image.height);
  });

// Points with their words, as deck.gl draws them.
function points(one, layer, data) {
  const { getPosition, getRadius, radiusMinPixels, radiusMaxPixels, radiusUnits } = layer.props;
  const alone = radiusUnits === "pixels";
  const size = {
    metres: alone ? 0 : Number(getRadius) || 0,
    least: alone ? getRadius : radiusMinPixels,
    most: alone ? getRadius : radiusMaxPixels,
  };
  const index = new PointIndex([...data.keys()], data.map(getPosition), size);
  return {
    one,
    layer: () => layer,
    at(longitude, latitude, zoom) {
      const found = index.at(longitude, latitude, zoom);
      if (!found) return null;
      const object = data[found.at];
      return { object, words: async () => (object.t ? [object.t, object.n] : null) };
    },
  };
}

// What a browser keeps while its tab is open; nothing where it keeps none.
function kept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // The next page begins anew, then.
  }
}

// Names on the map; those that have room in a view.
async function names(library, one) {
  const [deck, found] = await Promise.all([library, json(one.data)]);
  const font = getComputedStyle(document.body).fontFamily; // the page's own
  const chooser = keptOr(made, one.data, () => new Names(found, font));
  let of;
  let layer;
  return {
    one,
    layer(seen) {
      const data = chooser.within(seen);
      if (of !== data) [of, layer] = [data, layersOf(deck, one, data, font)];
      return layer;
    },
    at: () => null,
  };
}

const BUILDERS = { CellLayer: cells, ShapeLayer: shapes, PictureLayer: picture, NameLayer: names };

// A layer that is drawn; its data are fetched while deck.gl is.
async function drawnOf(library, one, words) {
  const builder = BUILDERS[one["@@type"]];
  if (builder) return builder(library, one, words);
  const [deck, data] = await Promise.all([library, typeof one.data === "string" ? json(one.data) : one.data]);
  converter ??= new deck.JSONConverter({ configuration: { classes: deck } });
  const { layers } = converter.convert({ layers: [{ ...one, data: [] }] });
  const layer = layers[0].clone({ data, opacity: one.opacity, pickable: false });
  if (one.pickable && layer instanceof deck.ScatterplotLayer) return points(one, layer, data);
  return { one, layer: () => layer, at: () => null };
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
    this.stage.addEventListener("pointerleave", () => this.point(null));
    const ground = this.find(".deck");
    ground.addEventListener("pointermove", (event) => this.point(event));
    ground.addEventListener("pointerdown", (event) => (this.pressed = [event.clientX, event.clientY]));
    ground.addEventListener("click", (event) => this.clicked(event));
    this.search = new Search(this.find(".find"), (place) => this.visit(place));
    this.resized = new ResizeObserver(() => {
      if (this.deck && this.fitted) return this.fit();
      this.scale();
      if (this.view && this.sided) this.deck?.setProps(this.sides());
      this.redraw();
    });
    this.resized.observe(this.stage);
    root.addEventListener("fullscreenchange", () => this.label());
    this.startDivider();
  }

  async take(data, send) {
    const before = this.data?.style;
    this.data = data;
    if (this.deck && JSON.stringify(before) !== JSON.stringify(data.style)) this.restyle();
    if (this.styled) this.data = { ...data, layers: data.layers.filter((one) => !one.yields) };
    this.send = send;
    this.turn += 1;
    const { turn } = this;
    this.stage.classList.toggle("tall", data.height === null);
    this.stage.style.height = data.height === null ? "" : `${data.height}px`;
    this.root.style.setProperty("--land", `rgb(${data.land})`);
    this.stage.classList.toggle("keys", data.clickable);
    this.label();
    this.legend([]);
    this.stack();
    this.cut = kept("aether divider") ?? 0.5;
    this.divide();
    if (!this.deck) this.tell(data.words.waiting);
    try {
      const loading = loadLibrary(data.code);
      const chosen = this.chosen();
      const ordered = this.ordered();
      const drawn = await Promise.all(
        ordered.map((one) => drawnOf(loading, { ...one, ...this.look(chosen, one.group) }, data.words)),
      );
      if (turn !== this.turn || !this.root.isConnected) return;
      this.drawn = drawn.filter(({ one }) => !chosen[one.group]?.hidden);
      const deck = await loading;
      if (this.visited) this.drawn.push(this.ring(deck));
      this.show(deck);
      this.tell("");
      this.legend(await this.counts());
    } catch (error) {
      console.error(error);
      if (turn === this.turn) this.tell(data.words.failed, data.words.again);
    }
  }

  show(deck) {
    this.library = deck;
    this.view ??= this.linkedView() ?? this.keptView();
    this.fitted ??= !this.view;
    this.view ??= this.whole();
    const layers = this.layers();
    if (this.deck) {
      this.deck.setProps({ layers, ...(this.sided ? this.sides() : { views: this.wholeView() }) });
      return;
    }
    this.deck = new deck.Deck({
      parent: this.find(".deck"),
      ...(this.sided ? this.sides() : { views: this.wholeView(), initialViewState: this.view }),
      layers,
      layerFilter: ({ layer, viewport }) => !layer.props.side || layer.props.side === viewport.id,
      controller: { keyboard: false },
      onViewStateChange: (change) => this.turned(change),
      getCursor: ({ isDragging }) => (isDragging ? "grabbing" : this.over && this.data.clickable ? "pointer" : "grab"),
    });
    // The answer is painted first: without a graphics processor a second map keeps it waiting.
    if (this.data.style) setTimeout(() => this.deck && !this.overlay && this.startBasemap(), 200);
    this.moved();
  }

  // deck.gl's layers for what is seen: of many cells, not all are drawn everywhere.
  layers() {
    const { clientWidth, clientHeight } = this.stage;
    const seen = seenFrom(this.view, clientWidth, clientHeight, devicePixelRatio);
    this.given = this.drawn.map((one) => one.layer(seen));
    return this.given;
  }

  redraw() {
    if (!this.deck || !this.view) return;
    const before = this.given;
    if (this.layers().some((layer, at) => layer !== before[at])) this.deck.setProps({ layers: this.given });
  }

  // One view of the ground, or one on each side of the divider that go on in each other.

  get sided() {
    return this.data.layers.some((one) => one.side);
  }

  // One legend for both sides.
  get oneScale() {
    return this.sided && this.data.legends.length === 1;
  }

  wholeView() {
    return new this.library.MapView({ id: "map", repeat: this.data.bounds[2] > 180 });
  }

  sides() {
    const { MapView } = this.library;
    const repeat = this.data.bounds[2] > 180;
    const controller = { keyboard: false };
    const width = this.stage.clientWidth;
    const at = Math.round(width * this.cut);
    return {
      views: [
        new MapView({ id: "left", x: 0, width: at, repeat, controller }),
        new MapView({ id: "right", x: at, width: width - at, repeat, controller }),
      ],
      viewState: { left: this.beside("left", this.view, 1), right: this.beside("right", this.view, 1) },
    };
  }

  // A view whose middle lies as far from the map's as its side of the divider does, or back.
  beside(side, view, way) {
    const width = this.stage.clientWidth;
    const at = Math.round(width * this.cut);
    const pixels = side === "left" ? (at - width) / 2 : at / 2;
    return { ...view, longitude: view.longitude + (way * pixels * 360) / (512 * 2 ** view.zoom) };
  }

  turned({ viewState, viewId }) {
    const { longitude, latitude } = viewState;
    const zoom = Math.min(viewState.zoom, MOST_ZOOM);
    const view = this.sided
      ? this.beside(viewId, { ...this.view, longitude, latitude, zoom }, -1)
      : { ...viewState, zoom };
    const still = (name) => Math.abs(view[name] - this.view[name]) < 1e-7;
    this.fitted &&= ["longitude", "latitude", "zoom"].every(still); // deck.gl calls for a new size, too
    this.view = view;
    if (this.sided) this.deck.setProps(this.sides());
    this.moved();
    return this.sided ? undefined : view;
  }

  // The divider.

  startDivider() {
    const divider = this.find(".divider");
    divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
    divider.addEventListener("pointermove", (event) => {
      if (!divider.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.stage.getBoundingClientRect();
      this.moveDivider((event.clientX - left) / width);
    });
    divider.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: this.cut - 0.02, ArrowRight: this.cut + 0.02, Home: 0, End: 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.moveDivider(to);
    });
  }

  moveDivider(to) {
    this.cut = Math.min(Math.max(to, NARROWEST), WIDEST);
    keep("aether divider", this.cut);
    this.divide();
    this.deck?.setProps(this.sides());
  }

  divide() {
    const { sided } = this;
    const { words, layers } = this.data;
    const divider = this.find(".divider");
    divider.hidden = !sided;
    const names = {};
    for (const side of ["left", "right"]) {
      names[side] = layers.find((one) => one.side === side)?.group ?? "";
      const label = this.find(`.on-${side}`);
      label.hidden = !sided;
      label.textContent = names[side];
    }
    if (!sided) return;
    const percent = Math.round(this.cut * 100);
    this.stage.style.setProperty("--cut", `${this.cut * 100}%`);
    divider.setAttribute("aria-label", `${words.divider}: ${names.left}, ${names.right}`);
    divider.setAttribute("aria-valuenow", String(percent));
    divider.setAttribute("aria-valuetext", `${percent} % ${names.left}`);
  }

  // The style's map lies below and follows: where its server does not answer, the data stand alone,
  // with their own names.
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
    this.overlay = overlay;
    const waiting = setInterval(() => {
      if (!this.root.isConnected || this.overlay !== overlay) return clearInterval(waiting);
      this.find(".basemap canvas")?.setAttribute("tabindex", "-1"); // the map above it has the keys
      if (!overlay?._map) return;
      clearInterval(waiting);
      this.basemap = overlay._map;
      this.follow();
      if (this.basemap.loaded()) this.drawnBelow();
      else this.basemap.once("idle", () => this.drawnBelow());
    }, 100);
  }

  drawnBelow() {
    if (!this.root.isConnected) return;
    this.styled = true;
    this.find(".basemap").classList.add("drawn");
    this.take(this.data, this.send);
  }

  // A page that turns dark has another style; where none was there, it may.
  restyle() {
    if (this.basemap && this.data.style) return this.basemap.setStyle(this.data.style);
    this.clearBelow();
    if (this.data.style) this.startBasemap();
  }

  clearBelow() {
    this.basemap?.remove();
    this.basemap = this.overlay = null;
    this.styled = false;
    this.find(".basemap").classList.remove("drawn");
    this.find(".basemap").replaceChildren();
  }

  leave() {
    this.turn += 1;
    clearTimeout(this.addressing);
    this.resized.disconnect();
    this.clearBelow();
    this.deck?.finalize();
    this.deck = null;
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

  // What a link asks for, `#map=zoom/latitude/longitude`: of the first map of a visit.
  linkedView() {
    const [zoom, latitude, longitude] = (linked ?? "").split("/").map(Number);
    linked = null;
    const known = [zoom, latitude, longitude].every(Number.isFinite) && Math.abs(latitude) < 85;
    return known ? { ...this.whole(), zoom: Math.min(zoom, MOST_ZOOM), latitude, longitude } : null;
  }

  keptView() {
    const view = kept(`aether view ${this.data.place}`);
    return view && { ...this.whole(), ...view };
  }

  // The whole city, whatever the size of this map; a view is kept only once somebody has moved.
  fit() {
    this.go(this.whole(), true);
  }

  go(view, fitted = false) {
    this.fitted = fitted;
    this.view = { ...this.view, ...view };
    this.deck?.setProps(this.sided ? this.sides() : { initialViewState: { ...this.view } });
    this.moved();
  }

  moved() {
    const { longitude, latitude, zoom } = this.view;
    this.point(null);
    this.redraw();
    this.scale();
    this.follow();
    keep(`aether view ${this.data.place}`, this.fitted ? null : { longitude, latitude, zoom });
    clearTimeout(this.addressing); // browsers take a few changes of the address a second
    this.addressing = setTimeout(() => {
      if (!this.root.isConnected) return;
      const at = `#map=${zoom.toFixed(2)}/${latitude.toFixed(5)}/${longitude.toFixed(5)}`;
      history.replaceState(history.state, "", this.fitted ? location.pathname + location.search : at);
    }, ADDRESS_MS);
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

  // Say what the pointer is on, once a frame; null once it is on nothing.
  point(event) {
    if (event?.pointerType === "touch") return;
    this.pointed += 1;
    cancelAnimationFrame(this.pointing);
    if (!event || event.buttons) {
      this.over = null;
      this.say(null);
      return;
    }
    const { clientX, clientY } = event;
    this.pointing = requestAnimationFrame(() => this.hover(clientX, clientY));
  }

  async hover(clientX, clientY) {
    const { pointed } = this;
    const here = this.place(clientX, clientY);
    const found = here && this.lying(here);
    const words = found && (await found.words());
    if (pointed !== this.pointed) return;
    this.over = found;
    this.say(words, here);
    if (words) this.outline(here.port, found.rings?.() ?? []);
  }

  // Where on the map, and in which of its views, a point of the window lies.
  place(clientX, clientY) {
    const { left, top } = this.stage.getBoundingClientRect();
    const [x, y] = [clientX - left, clientY - top];
    const [port] = this.deck?.getViewports({ x, y, width: 1, height: 1 }) ?? [];
    return port && { x, y, port, coordinate: port.unproject([x - port.x, y - port.y]) };
  }

  // What lies topmost there; of some layers only, where they are named.
  lying({ port, coordinate }, ids) {
    for (const drawn of this.drawn.toReversed()) {
      const { side, id } = drawn.one;
      if ((side && side !== port.id) || (ids && !ids.includes(id))) continue;
      const found = drawn.at(...coordinate, this.view.zoom);
      if (found) return found;
    }
    return null;
  }

  // Outline what was found: above the map, which is not drawn anew for it.
  outline(port, rings) {
    const corner = (one) => {
      const [x, y] = port.project(one);
      return `${(x + port.x).toFixed(1)} ${(y + port.y).toFixed(1)}`;
    };
    const path = rings.map((ring) => `M${ring.map(corner).join("L")}Z`).join("");
    this.find(".pointed path").setAttribute("d", path);
  }

  say(words, at) {
    const tip = this.find(".tip");
    tip.hidden = !words;
    this.find(".pointed path").removeAttribute("d");
    if (!words) return;
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
    const here = this.place(event.clientX, event.clientY);
    if (here) this.choose({ ...here, object: this.lying(here, ["marks", "points"])?.object });
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

  // Go to a place and ring it, or take the ring away.
  visit(place) {
    this.visited = place;
    if (place) this.go({ longitude: place.p[0], latitude: place.p[1], zoom: Math.max(this.view.zoom, FOUND_ZOOM) });
    this.take(this.data, this.send);
  }

  ring(deck) {
    const data = [this.visited];
    const layer = new deck.ScatterplotLayer({
      id: "visited",
      data,
      getPosition: (place) => place.p,
      radiusUnits: "pixels",
      getRadius: 13,
      stroked: true,
      filled: false,
      getLineColor: this.data.mark,
      lineWidthUnits: "pixels",
      getLineWidth: 4,
    });
    return points({ id: "visited" }, layer, data);
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
    this.search.take(this.data.found, words);
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

  // How many shapes each class of each legend's layer has; nothing where that has no classes.
  counts() {
    return Promise.all(
      this.data.legends.map(async ({ of }) => {
        const scaled = this.data.layers.filter((one) => one.shown && (one.id === of || (one.side && this.oneScale)));
        if (!scaled.length) return null;
        const counts = new Array(NO_CLASS + 1).fill(0);
        for (const one of scaled) {
          for (const place of await numbers(one.shown.classes, Uint8Array)) counts[place] += 1;
        }
        return counts;
      }),
    );
  }

  // The legends of what is seen.
  legend(counts) {
    const chosen = this.chosen();
    const group = ({ of }) => this.data.layers.find((layer) => layer.id === of)?.group;
    const parts = this.data.legends
      .map((legend, at) => [legend, counts[at]])
      .filter(([legend]) => !chosen[group(legend)]?.hidden);
    const box = this.find(".legends");
    box.hidden = !parts.length;
    box.classList.toggle("beside", this.sided && parts.length > 1);
    box.replaceChildren(...parts.map(([legend, found]) => this.legendOf(legend, found)));
  }

  legendOf(legend, counts) {
    const box = document.createElement("div");
    box.className = "legend";
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
        count.title = counts ? digits(counts[entry.place]) : "";
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
    box.append(head, list);
    return box;
  }

  // Which layers are seen, how strongly, and in which order.

  chosen() {
    return kept("aether layers") ?? {};
  }

  // Lowest first: what can be moved stands among its like as it was put.
  ordered() {
    const { layers } = this.data;
    const movable = this.order();
    const rank = (one) => movable.indexOf(one.group);
    const turned = layers.filter((one) => one.movable).sort((one, other) => rank(one) - rank(other));
    return layers.map((one) => (one.movable ? turned.shift() : one));
  }

  // Groups that can be moved, lowest first.
  order() {
    const groups = [...new Set(this.data.layers.filter((one) => one.movable).map((one) => one.group))];
    const put = kept("aether order") ?? [];
    const place = (group) => (put.includes(group) ? put.indexOf(group) : groups.indexOf(group) - groups.length);
    return groups.toSorted((one, other) => place(one) - place(other));
  }

  raise(group, by) {
    const order = this.order();
    const at = order.indexOf(group);
    const to = at + by;
    if (to < 0 || to >= order.length) return;
    [order[at], order[to]] = [order[to], order[at]];
    keep("aether order", order);
    this.take(this.data, this.send);
  }

  look(chosen, group) {
    return { opacity: chosen[group]?.opacity ?? 1 };
  }

  change(group, what) {
    const chosen = this.chosen();
    chosen[group] = { ...chosen[group], ...what };
    keep("aether layers", chosen);
    this.take(this.data, this.send);
  }

  unfold() {
    const stack = this.find(".stack");
    stack.hidden = !stack.hidden;
    this.find('[data-act="layers"]').setAttribute("aria-expanded", String(!stack.hidden));
  }

  // One row a group, the topmost first.
  stack() {
    const groups = [...new Set(this.ordered().map((one) => one.group).filter(Boolean))].reverse();
    const box = this.find(".stack");
    if (box.dataset.groups === groups.join("\n")) return;
    box.dataset.groups = groups.join("\n");
    const chosen = this.chosen();
    const { words } = this.data;
    const movable = this.order();
    box.replaceChildren(
      ...groups.map((group) => {
        const row = document.createElement("div");
        row.className = "row";
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
        row.append(label);
        if (movable.length > 1 && movable.includes(group)) {
          for (const [sign, name, by] of [["↑", words.raise, 1], ["↓", words.lower, -1]]) {
            const button = document.createElement("button");
            Object.assign(button, { type: "button", textContent: sign, title: `${name} ${group}` });
            button.setAttribute("aria-label", `${name} ${group}`);
            button.addEventListener("click", () => this.raise(group, by));
            row.append(button);
          }
        }
        row.append(slider);
        return row;
      }),
    );
  }

  // The map as it is seen, with title, legend, scale and credits below, as a PNG.
  picture() {
    const { legends, name, credits, land, alt } = this.data;
    this.deck.redraw("picture");
    const drawn = this.find(".deck canvas");
    const below = this.find(".basemap canvas");
    const ratio = drawn.width / drawn.clientWidth;
    const width = drawn.clientWidth;
    const ofStyle = this.styled && this.find(".maplibregl-ctrl-attrib-inner")?.innerText;
    const lines = wrapped([...credits, ofStyle].filter(Boolean).join(" · "), width - 24, 11);
    const parts = legends.map((legend) => ({ legend, rows: placed(legend.entries, width - 24) }));
    for (const part of parts) part.high = 20 + part.rows.at(-1).y + 26;
    const high = 10 + (parts.reduce((sum, part) => sum + part.high, 0) || 20) + lines.length * 15 + 10;
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
    if (this.sided) pen.fillRect(Math.round(width * this.cut) - 1, 0, 2, drawn.clientHeight);
    pen.translate(12, drawn.clientHeight + 20);
    pen.fillStyle = styles.color;
    for (const { legend, rows, high: below } of parts) {
      pen.font = "600 13px sans-serif";
      pen.fillText(`${name}: ${legend.title} (${legend.unit})`, 0, 0, width - 24);
      pen.font = "12px sans-serif";
      for (const row of rows) this.drawEntry(pen, row, `rgb(${land})`, styles.color);
      pen.translate(0, below);
    }
    if (!parts.length) {
      pen.font = "600 13px sans-serif";
      pen.fillText(alt, 0, 0, width - 24);
      pen.translate(0, 20);
    }
    pen.font = "11px sans-serif";
    lines.forEach((line, at) => pen.fillText(line, 0, at * 15));
    const link = document.createElement("a");
    link.href = canvas.toDataURL("image/png");
    link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}-map.png`;
    link.click();
  }

  drawEntry(pen, { entry, x, y }, land, ink) {
    pen.fillStyle = land;
    pen.fillRect(x, y + 8, 20, 13);
    pen.fillStyle = entry.colour;
    pen.fillRect(x, y + 8, 20, 13);
    pen.fillStyle = ink;
    pen.fillText(`${entry.name} ${entry.figure}`.trim(), x + 26, y + 19);
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
  fit: (map) => map.fit(),
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
