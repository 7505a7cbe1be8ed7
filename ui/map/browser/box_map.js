// A map to draw areas on, by mouse, touch or keyboard: of the world, or of one city on its own ground.
// Needs no network: land and ground come once, in mounts of their own, towns with the map's data, a city's
// names and values by address. A shape goes to the server when a gesture ends, the view when it has come to rest.

import { digits } from "./figures.js";
import { seenFrom } from "./finding.js";
import { Names, paintNames } from "./names.js";
import { painted } from "./painted.js";
import { json } from "./pieces.js";
import { Search } from "./search.js";

const TILE = 256;
const NEAREST = 17;
const FOUND_ZOOM = 17; // the street around what was found
const LIMIT = 85;
const REACH = 270; // degrees to either side: an area may lie across the 180th meridian
const REST_MS = 600;
const KEYS_MS = 700;
const SETTLED_MS = 90;
const HEAVY = 20_000; // corners of a ground that is not painted anew at each step of a movement
const LOCAL = 2 ** 22; // units of a city's paths: far from its middle they are still exact
const TOOLS = 54; // pixels that the tools take above
const TRAIL_STEP = 4; // pixels between two points of a lasso
const MOST_CORNERS = 60; // of a lasso, so that each can be moved
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MOVE_ICON =
  '<svg viewBox="0 0 24 24"><path d="M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3' +
  'M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3"/></svg>';

let land = [];
const grounds = new Map();
const shown = new Set();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  if (data.land) {
    receive(data.land);
    return undefined;
  }
  if (data.ground) {
    receiveGround(data.ground);
    return undefined;
  }
  const root = parentElement.querySelector(".map");
  root.drawing ??= new DrawingMap(root);
  shown.add(root.drawing);
  root.drawing.take(data, setStateValue);
  return () => shown.delete(root.drawing);
}

async function receive(packed) {
  if (land.length) return;
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  land = unpacked(await new Response(stream).json());
  shown.forEach((map) => map.draw());
}

// A city's ground by kind, each one path around its middle: { key, shapes: GeoJSON by kind as text }.
function receiveGround({ key, shapes }) {
  if (grounds.has(key)) return;
  const kinds = Object.entries(JSON.parse(shapes)).map(([kind, geometry]) => [kind, linesOf(geometry)]);
  const all = boundsOf(kinds.flatMap(([, lines]) => lines));
  const origin = [mercatorX((all[0] + all[2]) / 2), mercatorY((all[1] + all[3]) / 2)];
  const paths = kinds.map(([kind, lines]) => {
    const path = new Path2D();
    for (const line of lines) {
      line.forEach(([lon, lat], i) => {
        const [x, y] = [(mercatorX(lon) - origin[0]) * LOCAL, (mercatorY(lat) - origin[1]) * LOCAL];
        if (i) path.lineTo(x, y);
        else path.moveTo(x, y);
      });
    }
    return [kind, path];
  });
  const corners = kinds.reduce((sum, [, lines]) => sum + lines.reduce((all, line) => all + line.length, 0), 0);
  grounds.set(key, { origin, corners, paths: new Map(paths) });
  shown.forEach((map) => map.draw());
}

// The rings or lines of a geometry, however deep they lie.
function linesOf({ coordinates }) {
  const flat = (part) => (typeof part[0][0] === "number" ? [part] : part.flatMap(flat));
  return coordinates.length ? flat(coordinates) : [];
}

// Rings as differences of whole units, with the frame of each so that far ones are skipped.
function unpacked({ unit, rings }) {
  return rings.map((steps) => {
    const xy = new Float64Array(steps.length);
    let [lon, lat] = [0, 0];
    const frame = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < steps.length; i += 2) {
      lon += steps[i] * unit;
      lat += steps[i + 1] * unit;
      xy[i] = mercatorX(lon);
      xy[i + 1] = mercatorY(lat);
      frame[0] = Math.min(frame[0], xy[i]);
      frame[1] = Math.min(frame[1], xy[i + 1]);
      frame[2] = Math.max(frame[2], xy[i]);
      frame[3] = Math.max(frame[3], xy[i + 1]);
    }
    return { xy, frame };
  });
}

// Web Mercator with the world from 0 to 1, y to the south.
const mercatorX = (lon) => lon / 360 + 0.5;
const mercatorY = (lat) => {
  const sine = Math.sin((clamp(lat, -LIMIT, LIMIT) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
};
const lonOf = (x) => (x - 0.5) * 360;
const latOf = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const rounded = ([lon, lat]) => [Number(lon.toFixed(5)), Number(lat.toFixed(5))];

function boundsOf(rings) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of rings.flat()) {
    bounds[0] = Math.min(bounds[0], lon);
    bounds[1] = Math.min(bounds[1], lat);
    bounds[2] = Math.max(bounds[2], lon);
    bounds[3] = Math.max(bounds[3], lat);
  }
  return bounds;
}

const boxRing = (west, south, east, north) => [[west, north], [east, north], [east, south], [west, south]];

// Square kilometres of a ring on a sphere of the Earth's mean radius.
function ringArea(ring) {
  const radians = Math.PI / 180;
  let sum = 0;
  ring.forEach(([lon, lat], i) => {
    const [nextLon, nextLat] = ring[(i + 1) % ring.length];
    sum += (nextLon - lon) * radians * (2 + Math.sin(lat * radians) + Math.sin(nextLat * radians));
  });
  return Math.abs(sum * 6371.0088 ** 2) / 2;
}

// A line with as few points as keep it within some distance (Douglas and Peucker).
function thinned(points, most) {
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [from, to] = open.pop();
    const [[ax, ay], [bx, by]] = [points[from], points[to]];
    const long = Math.hypot(bx - ax, by - ay);
    let [far, at] = [most, -1];
    for (let i = from + 1; i < to; i += 1) {
      const [x, y] = points[i];
      const away = long ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / long : Math.hypot(x - ax, y - ay);
      if (away > far) [far, at] = [away, i];
    }
    if (at < 0) continue;
    keep[at] = 1;
    open.push([from, at], [at, to]);
  }
  return points.filter((_, i) => keep[i]);
}

class DrawingMap {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".ground");
    this.paint = this.canvas.getContext("2d");
    this.handles = root.querySelector(".handles");
    this.centre = [0.5, 0.42];
    this.zoom = 1.4;
    this.tool = "pan";
    this.shape = null; // {kind: "box" | "polygon" | "area", rings: [[[lon, lat]]]}
    this.draft = []; // corners of the polygon being drawn
    this.trail = []; // pixels the lasso has gone over
    this.fingers = new Map();
    this.seen = {};
    this.search = new Search(root.querySelector(".find"), (place) => this.visit(place));
    this.listen();
    new ResizeObserver(() => this.resize()).observe(root);
  }

  take(data, send) {
    const first = this.data === undefined;
    this.data = data;
    this.colours = JSON.stringify(data.colours);
    this.send = send;
    this.root.style.height = `${data.height}px`;
    this.canvas.setAttribute("aria-label", data.words.map);
    for (const button of this.root.querySelectorAll("[data-tool], [data-act]")) {
      const words = data.words.tools[button.dataset.tool ?? button.dataset.act];
      button.hidden = words === undefined;
      if (button.hidden) continue;
      const label = button.querySelector("span");
      if (label) label.textContent = words;
      else button.setAttribute("aria-label", words);
      button.title = words;
    }
    if (data.shapeVersion !== this.seen.shape) {
      this.seen.shape = data.shapeVersion;
      this.shape = data.shape;
      this.draft = [];
    }
    if (data.viewVersion !== this.seen.view) {
      this.seen.view = data.viewVersion;
      this.wanted = data.bounds;
    }
    this.search.take(data.found ?? [], data.words);
    if (first) this.resize();
    else this.measureBars();
    this.refresh();
    this.takeAnswer(data.answer);
    this.takeNames(data.names);
  }

  // Names of the city's streets, parks and waters.
  async takeNames(address = null) {
    if (address === this.seen.names) return;
    this.seen.names = address;
    const font = getComputedStyle(this.root).fontFamily; // the page's own
    try {
      const found = address && new Names(await json(address), font);
      if (address !== this.seen.names) return;
      this.names = found;
      this.draw();
    } catch (error) {
      console.error(error);
      if (address === this.seen.names) this.seen.names = undefined; // the next rerun tries again
    }
  }

  // Values of the city under what is drawn: they come by address, once.
  async takeAnswer(answer) {
    const key = answer && JSON.stringify(answer);
    if (key === this.seen.answer) return;
    this.seen.answer = key;
    let found = null;
    try {
      found = answer ? await painted(answer) : null;
    } catch (error) {
      console.error(error);
      if (key === this.seen.answer) this.seen.answer = undefined; // the next rerun tries again
    }
    if (key !== this.seen.answer) return;
    this.answer = found;
    this.draw();
  }

  // What is on the screen.

  resize() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [width, height];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.measureBars();
    this.refresh();
  }

  // How far down the tools reach, and the search box where it lies below them.
  measureBars() {
    const find = this.root.querySelector(".find");
    this.bars = Math.max(TOOLS, find.hidden ? 0 : find.offsetTop + find.offsetHeight + 10);
  }

  get scale() {
    return TILE * 2 ** this.zoom;
  }

  get lowest() {
    const world = Math.log2(Math.max(this.width / 1.05, this.height) / TILE);
    return this.data?.groundKey ? Math.max(world, this.closest(this.data.bounds) - 3) : world;
  }

  at([lon, lat]) {
    return [
      (mercatorX(lon) - this.centre[0]) * this.scale + this.width / 2,
      (mercatorY(lat) - this.centre[1]) * this.scale + this.height / 2,
    ];
  }

  under([x, y]) {
    return rounded([
      clamp(lonOf((x - this.width / 2) / this.scale + this.centre[0]), -REACH, REACH),
      clamp(latOf((y - this.height / 2) / this.scale + this.centre[1]), -LIMIT, LIMIT),
    ]);
  }

  // The zoom at which bounds fill the map.
  closest([west, south, east, north]) {
    const [left, right, top, bottom] = [mercatorX(west), mercatorX(east), mercatorY(north), mercatorY(south)];
    const room = Math.min((this.width - 120) / Math.max(right - left, 1e-9), (this.height - this.bars - 76) / Math.max(bottom - top, 1e-9));
    return Math.log2(room / TILE);
  }

  fit(bounds) {
    const [west, south, east, north] = bounds;
    const [left, right, top, bottom] = [mercatorX(west), mercatorX(east), mercatorY(north), mercatorY(south)];
    this.zoom = clamp(this.closest(bounds), this.lowest, NEAREST - 2);
    this.centre = [(left + right) / 2, (top + bottom) / 2 - (this.bars - TOOLS) / 2 / this.scale];
  }

  zoomBy(step, [x, y] = [this.width / 2, this.height / 2]) {
    const before = this.scale;
    this.zoom = clamp(this.zoom + step, this.lowest, NEAREST);
    const change = 1 / before - 1 / this.scale;
    this.centre[0] += (x - this.width / 2) * change;
    this.centre[1] += (y - this.height / 2) * change;
    this.moved();
  }

  panBy(x, y) {
    this.centre[0] += x / this.scale;
    this.centre[1] += y / this.scale;
    this.moved();
  }

  // Go to a place that was found, or take the ring away.
  visit(place) {
    this.visited = place;
    if (place) {
      this.zoom = Math.max(this.zoom, FOUND_ZOOM);
      this.centre = [mercatorX(place.p[0]), mercatorY(place.p[1])];
      this.moved();
    } else {
      this.draw();
    }
  }

  moved() {
    const half = this.height / 2 / this.scale;
    this.centre[0] = clamp(this.centre[0], mercatorX(-REACH), mercatorX(REACH));
    this.centre[1] = clamp(this.centre[1], Math.min(half, 0.5), Math.max(1 - half, 0.5));
    this.moving = true;
    this.refresh();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(), SETTLED_MS);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.tellView(), REST_MS);
  }

  settle() {
    this.moving = false;
    this.draw();
  }

  tellView() {
    const [west, north] = this.under([0, 0]);
    const [east, south] = this.under([this.width, this.height]);
    if (!this.data.covered) return; // towns enough were sent
    const [w, s, e, n] = this.data.covered;
    const wide = (east - west) / (e - w) > 0.98 && e - w >= 359;
    if (wide || (west >= w && south >= s && east <= e && north <= n && (east - west) * 4 > e - w)) return;
    this.send("view", [west, south, east, north]);
  }

  refresh() {
    if (!this.data || !this.width) return;
    if (this.wanted) {
      this.fit(this.wanted);
      this.wanted = null;
    }
    this.zoom = Math.max(this.zoom, this.lowest);
    this.root.dataset.tool = this.tool;
    this.root.querySelectorAll("[data-tool]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.tool));
    });
    this.root.querySelector('[data-act="clear"]').disabled = !this.shape && !this.draft.length;
    this.root.querySelector('[data-act="fit"]').disabled = !this.shape && !this.data.groundKey;
    this.place();
    this.say();
    this.draw();
  }

  // The picture.

  draw() {
    if (!this.data || !this.width) return;
    this.drawBackdrop();
    this.drawOutlines();
    this.drawShape();
    this.drawTowns();
    this.drawNames();
    this.drawFound();
    this.drawScale();
  }

  // What lies below the shapes is painted once a view: a large city's ground takes a quarter of a second without
  // a graphics processor. While such a view moves, the picture that is there moves with it.
  drawBackdrop() {
    const { paint, data, width, height } = this;
    const ground = grounds.get(data.groundKey);
    const large = ground?.corners > HEAVY;
    const parts = [ground, land, this.answer, this.colours];
    this.backdrop = this.pictureOf(this.backdrop, parts, large, (pen) => this.paintBackdrop(pen));
    paint.fillStyle = data.groundKey ? data.colours.land : data.colours.water;
    paint.fillRect(0, 0, width, height);
    paint.imageSmoothingEnabled = false; // no colour is mixed
    this.lay(this.withNames(large) ?? this.backdrop);
  }

  // The same with names of streets, parks and waters: with them, too, each step of a lasso lays one picture. Null
  // while the map moves and they are not there, or too large or small to be read.
  withNames(large) {
    const { data, backdrop, moving } = this;
    if (!this.names || (moving && this.named?.parts[0] !== backdrop)) return null;
    if (moving && Math.abs(Math.log2(this.scale / this.named.scale)) > 0.9) return null;
    if (!this.holding && !this.anchor) this.rested = this.shape; // while it is dragged they stay as they are
    const hint = this.root.querySelector(".hint").textContent;
    const parts = [backdrop, this.names, hint, data.outlines, data.name, this.rested];
    this.named = this.pictureOf(this.named, parts, large, (pen) => {
      pen.imageSmoothingEnabled = false;
      pen.drawImage(backdrop.canvas, 0, 0, this.width, this.height);
      this.paintStreetNames(pen);
    });
    return this.named;
  }

  paintBackdrop(paint) {
    paint.fillStyle = this.data.colours.water;
    paint.fillRect(0, 0, this.width, this.height);
    if (this.data.groundKey) this.drawGround(paint);
    else this.drawLand(paint);
    this.drawAnswer(paint);
  }

  // A picture of what is seen: the one of before, as long as nothing of it has changed or, where painting takes
  // `long`, the map moves.
  pictureOf(kept, parts, long, paintOn) {
    const { canvas: whole, centre, scale } = this;
    const all = [...parts, whole.width, whole.height];
    const same = kept?.parts.every((part, i) => part === all[i]);
    const still = same && kept.scale === scale && kept.centre.every((part, i) => part === centre[i]);
    if (still || (same && this.moving && long)) return kept;
    const canvas = kept?.canvas ?? document.createElement("canvas");
    [canvas.width, canvas.height] = [whole.width, whole.height];
    const pen = canvas.getContext("2d");
    pen.setTransform(this.paint.getTransform());
    paintOn(pen);
    return { canvas, parts: all, scale, centre: [...centre] };
  }

  // Draw such a picture where its view lies now.
  lay({ canvas, scale, centre }) {
    const { paint, width, height } = this;
    const grown = this.scale / scale;
    const [left, top] = [0, 1].map((axis) => (centre[axis] - this.centre[axis]) * this.scale + ([width, height][axis] / 2) * (1 - grown));
    paint.drawImage(canvas, left, top, width * grown, height * grown);
  }

  // Names that have room, beside the districts' and what lies on the map.
  paintStreetNames(paint) {
    const { data, width, height, centre, zoom } = this;
    const view = { longitude: lonOf(centre[0]), latitude: latOf(centre[1]), zoom: zoom - 1 }; // tiles of 512 pixels
    const chosen = this.names.within(seenFrom(view, width, height, 1));
    const { left, top } = this.canvas.getBoundingClientRect();
    const above = [...this.root.querySelectorAll(".bar, .hint, .size, .scale")]
      .map((one) => one.getBoundingClientRect())
      .filter((box) => box.width)
      .map((box) => [box.left - left, box.top - top, box.right - left, box.bottom - top]);
    paintNames(paint, chosen, {
      font: this.names.font,
      ink: data.colours.street,
      halo: data.colours.land,
      at: (place) => this.at(place),
      taken: [...above, ...this.labels().map(({ box }) => box)],
    });
  }

  drawGround(paint) {
    const { data } = this;
    paint.fillStyle = data.colours.land;
    paint.fillRect(0, 0, this.width, this.height);
    const city = grounds.get(data.groundKey);
    if (!city) return;
    const k = this.scale / LOCAL;
    paint.save();
    paint.translate((city.origin[0] - this.centre[0]) * this.scale + this.width / 2, (city.origin[1] - this.centre[1]) * this.scale + this.height / 2);
    paint.scale(k, k);
    for (const kind of ["water", "green", "building"]) {
      if (!city.paths.has(kind)) continue;
      paint.fillStyle = data.colours[kind];
      paint.fill(city.paths.get(kind), "evenodd");
    }
    for (const [kind, wide] of [["road", clamp(5 / this.metresPx, 0.8, 9)], ["boundary", 1.5]]) {
      if (!city.paths.has(kind)) continue;
      paint.strokeStyle = data.colours[kind];
      paint.lineWidth = wide / k;
      paint.stroke(city.paths.get(kind));
    }
    paint.restore();
  }

  drawAnswer(paint) {
    if (!this.answer) return;
    const { image, bounds } = this.answer;
    const [west, south, east, north] = bounds;
    const [left, top] = this.at([west, north]);
    const [right, bottom] = this.at([east, south]);
    paint.imageSmoothingEnabled = false; // no colour is mixed
    paint.drawImage(image, left, top, right - left, bottom - top);
  }

  // Areas that are there already: [{name, rings, at, role}]; those compared lie on top.
  drawOutlines() {
    const { paint, data } = this;
    for (const { rings, role } of data.outlines ?? []) {
      paint.beginPath();
      for (const ring of rings) this.trace(ring, true);
      paint.fillStyle = data.colours[`${role}Fill`];
      paint.fill("evenodd");
      paint.strokeStyle = data.colours[role];
      paint.lineWidth = role === "rest" ? 1.2 : 2.2;
      paint.stroke();
    }
  }

  // Names of districts and where they stand: { name, x, y, box }.
  labels() {
    const { paint, data } = this;
    const own = this.shape && data.name ? [{ name: data.name, rings: this.shape.rings, role: data.role }] : [];
    paint.font = this.labelFont;
    return [...(data.outlines ?? []), ...own].flatMap(({ name, rings, role, at }) => {
      const [west, south, east, north] = boundsOf(rings);
      const [[left], [right]] = [this.at([west, north]), this.at([east, south])];
      const half = paint.measureText(name).width / 2;
      if (role === "rest" && 2 * half > right - left) return [];
      const [x, y] = this.at(at ?? [(west + east) / 2, (south + north) / 2]);
      return [{ name, x, y, box: [x - half, y - 7, x + half, y + 7] }];
    });
  }

  get labelFont() {
    return `600 12.5px ${this.data.font}`;
  }

  drawNames() {
    const { paint, data } = this;
    const labels = this.labels();
    paint.textBaseline = "middle";
    paint.lineJoin = "round";
    paint.textAlign = "center";
    for (const { name, x, y } of labels) {
      paint.strokeStyle = data.colours.land;
      paint.lineWidth = 3.5;
      paint.strokeText(name, x, y);
      paint.fillStyle = data.colours.name;
      paint.fillText(name, x, y);
    }
    paint.textAlign = "start";
  }

  // Name of the topmost area under a point of the screen.
  areaUnder([x, y]) {
    const { paint } = this;
    const ratio = window.devicePixelRatio || 1;
    return [...(this.data.outlines ?? [])].reverse().find(({ rings }) => {
      paint.beginPath();
      for (const ring of rings) this.trace(ring, true);
      return paint.isPointInPath(x * ratio, y * ratio, "evenodd");
    })?.name;
  }

  // A ring around what was searched for and found.
  drawFound() {
    if (!this.visited) return;
    const { paint } = this;
    const [x, y] = this.at(this.visited.p);
    paint.beginPath();
    paint.arc(x, y, 13, 0, 7);
    paint.strokeStyle = this.data.colours.found;
    paint.lineWidth = 4;
    paint.stroke();
  }

  drawLand(paint) {
    const { data } = this;
    paint.beginPath();
    for (const turn of [-1, 0, 1]) this.traceLand(paint, turn); // the land goes on over the 180th meridian
    paint.fillStyle = data.colours.land;
    paint.fill("evenodd");
    paint.strokeStyle = data.colours.coast;
    paint.lineWidth = 1;
    paint.stroke();
  }

  traceLand(paint, turn) {
    const { scale } = this;
    const [left, top] = [this.centre[0] - turn - this.width / 2 / scale, this.centre[1] - this.height / 2 / scale];
    const [right, bottom] = [left + this.width / scale, top + this.height / scale];
    for (const { xy, frame } of land) {
      if (frame[0] > right || frame[2] < left || frame[1] > bottom || frame[3] < top) continue;
      if ((frame[2] - frame[0]) * scale < 1.2) continue;
      let [lastX, lastY] = [Infinity, Infinity];
      for (let i = 0; i < xy.length; i += 2) {
        const [x, y] = [(xy[i] - left) * scale, (xy[i + 1] - top) * scale];
        if (i && Math.abs(x - lastX) + Math.abs(y - lastY) < 0.8) continue;
        if (i) paint.lineTo(x, y);
        else paint.moveTo(x, y);
        [lastX, lastY] = [x, y];
      }
      paint.closePath();
    }
  }

  drawTowns() {
    const { paint, data } = this;
    const [w, h] = [this.width, this.height];
    const taken = [[0, 0, this.root.querySelector(".tools").offsetWidth + 20, 50], [w - 50, 0, w, 125], [w - 120, h - 50, w, h], [0, h - 46, 190, h]];
    const small = clamp(this.zoom / 7, 0.55, 1);
    const free = (box) => taken.every((o) => box[0] > o[2] || box[2] < o[0] || box[1] > o[3] || box[3] < o[1]);
    paint.textBaseline = "middle";
    paint.lineJoin = "round";
    const names = [];
    for (const [name, lon, lat, people] of data.towns) {
      const turns = Math.round(this.centre[0] - mercatorX(lon));
      const [x, y] = this.at([lon + 360 * turns, lat]);
      if (x < -60 || y < -10 || x > w + 10 || y > h + 10) continue;
      const radius = small * clamp(1.1 + Math.log10(Math.max(people, 1000) / 1000) * 0.75, 1.2, 3.6);
      const large = people > 500000;
      paint.beginPath();
      paint.arc(x, y, radius, 0, 7);
      paint.fillStyle = data.colours.town;
      paint.fill();
      const size = large ? 12.5 : 11.5;
      const box = [x - 4, y - size / 2 - 2, x + 8 + name.length * size * 0.56, y + size / 2 + 2];
      if (free(box)) {
        taken.push(box);
        names.push([name, x + radius + 4, y, `${large ? 600 : 400} ${size}px ${data.font}`]);
      }
    }
    for (const [name, x, y, font] of names) {
      paint.font = font;
      paint.strokeStyle = data.colours.land;
      paint.lineWidth = 3;
      paint.strokeText(name, x, y);
      paint.fillStyle = data.colours.name;
      paint.fillText(name, x, y);
    }
  }

  drawShape() {
    const { paint, data } = this;
    const rings = this.shape ? this.shape.rings : [];
    paint.beginPath();
    for (const ring of rings) this.trace(ring, true);
    paint.fillStyle = data.role ? data.colours[`${data.role}Fill`] : data.colours.area;
    paint.fill("evenodd");
    this.trail.forEach(([x, y], i) => (i ? paint.lineTo(x, y) : paint.moveTo(x, y)));
    if (this.draft.length) this.trace(this.pointer ? [...this.draft, this.pointer] : this.draft, false);
    paint.strokeStyle = data.role ? data.colours[data.role] : data.colours.edge;
    paint.lineWidth = 2;
    paint.stroke();
    for (const corner of this.draft) {
      const [x, y] = this.at(corner);
      paint.beginPath();
      paint.arc(x, y, 5, 0, 7);
      paint.fillStyle = "#fff";
      paint.fill();
      paint.stroke();
    }
  }

  trace(ring, closed) {
    ring.forEach((corner, i) => {
      const [x, y] = this.at(corner);
      if (i) this.paint.lineTo(x, y);
      else this.paint.moveTo(x, y);
    });
    if (closed) this.paint.closePath();
  }

  get metresPx() {
    return (40075016.686 * Math.cos((latOf(this.centre[1]) * Math.PI) / 180)) / this.scale;
  }

  drawScale() {
    const { metresPx } = this;
    const most = metresPx * 110;
    const ten = 10 ** Math.floor(Math.log10(most));
    const metres = [5, 2, 1].map((n) => n * ten).find((n) => n <= most);
    this.root.querySelector(".scale i").style.width = `${metres / metresPx}px`;
    this.root.querySelector(".scale span").textContent = metres >= 1000 ? `${digits(metres / 1000)} km` : `${metres} m`;
  }

  say() {
    const hint = this.root.querySelector(".hint");
    const { hints } = this.data.words;
    if (this.tool !== "pan" && this.shape && this.data.groundKey && !this.draft.length) hint.textContent = hints.another;
    else if (this.tool === "box" || this.tool === "lasso") hint.textContent = hints[this.tool];
    else if (this.tool === "polygon") hint.textContent = this.draft.length < 3 ? hints.polygon : hints.close;
    else if (this.shape) hint.textContent = "";
    else hint.textContent = this.data.outlines?.length ? hints.pick : hints.start;
    const size = this.root.querySelector(".size");
    if (!this.shape) {
      size.textContent = "";
      return;
    }
    const [west, south, east, north] = boundsOf(this.shape.rings);
    const wide = (east - west) * 111.195 * Math.cos(((south + north) * Math.PI) / 360);
    const figure = (km) => (km < 10 ? digits(km, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) : digits(Math.round(km)));
    const area = this.data.area ?? ringArea(this.shape.rings[0]);
    const drawn = this.shape.kind === "area" ? "" : ` · ${figure(area)} km²`;
    size.textContent = `${figure(wide)} × ${figure((north - south) * 111.195)} km${drawn}`;
  }

  // Corners.

  place() {
    const { words } = this.data;
    const wanted = [];
    const ring = this.shape && this.shape.kind !== "area" && this.tool === "pan" ? this.shape.rings[0] : [];
    const isBox = this.shape?.kind === "box";
    ring.forEach((corner, i) => {
      const name = isBox ? words.corners[i] : `${words.corner} ${i + 1}`;
      wanted.push({ role: "corner", i, lonlat: corner, name });
      if (isBox) return;
      const next = ring[(i + 1) % ring.length];
      const [x, y] = this.at(corner);
      const [nextX, nextY] = this.at(next);
      if (!this.holding && Math.hypot(nextX - x, nextY - y) < 44) return;
      const between = this.under([(x + nextX) / 2, (y + nextY) / 2]);
      wanted.push({ role: "middle", i, lonlat: between, name: `${words.between} ${i + 1}` });
    });
    if (ring.length) {
      const [west, south, east, north] = boundsOf([ring]);
      const [left, top] = this.at([west, north]);
      const [right, bottom] = this.at([east, south]);
      if (this.holding || (right - left > 60 && bottom - top > 30)) {
        const middle = this.under([(left + right) / 2, bottom]); // the centre's town stays readable
        wanted.push({ role: "whole", i: 0, lonlat: middle, name: words.whole });
      }
    }
    while (this.handles.children.length > wanted.length) this.handles.lastChild.remove();
    wanted.forEach((one, n) => {
      const button = this.handles.children[n] ?? this.newHandle();
      const [x, y] = this.at(one.lonlat);
      button.spec = one;
      button.className = `handle ${one.role}`;
      button.innerHTML = one.role === "whole" ? MOVE_ICON : "";
      button.style.left = `${x}px`;
      button.style.top = `${y}px`;
      button.setAttribute("aria-label", `${one.name}: ${one.lonlat[1].toFixed(4)}, ${one.lonlat[0].toFixed(4)}`);
    });
  }

  newHandle() {
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      button.dragged = this.begun(button.spec, this.under(this.point(event)));
      this.holding = true; // no handle may vanish under the hand
      event.stopPropagation();
    });
    button.addEventListener("pointermove", (event) => {
      if (!button.dragged) return;
      button.dragged(this.under(this.point(event)));
      this.refresh();
    });
    const end = () => {
      this.holding = false;
      if (button.dragged) this.tellShape();
      button.dragged = null;
    };
    button.addEventListener("pointerup", end);
    button.addEventListener("pointercancel", end);
    button.addEventListener("keydown", (event) => this.handleKey(event, button));
    this.handles.append(button);
    return button;
  }

  // Take hold of a corner, an edge's middle or the whole; returns what moves it to a place.
  begun(spec, start) {
    const { shape } = this;
    const before = shape.rings[0].map((corner) => [...corner]);
    if (spec.role === "whole") {
      return (now) => {
        shape.rings[0] = before.map(([lon, lat]) => rounded([lon + now[0] - start[0], clamp(lat + now[1] - start[1], -LIMIT, LIMIT)]));
      };
    }
    if (shape.kind === "box") {
      const across = before[(spec.i + 2) % 4];
      return (now) => {
        shape.rings[0] = this.boxBetween(across, now);
      };
    }
    let { i } = spec;
    if (spec.role === "middle") {
      i += 1;
      shape.rings[0].splice(i, 0, start);
    }
    return (now) => {
      shape.rings[0][i] = now;
    };
  }

  boxBetween([aLon, aLat], [bLon, bLat]) {
    return boxRing(Math.min(aLon, bLon), Math.min(aLat, bLat), Math.max(aLon, bLon), Math.max(aLat, bLat));
  }

  handleKey(event, button) {
    const { spec } = button;
    if ((event.key === "Delete" || event.key === "Backspace") && spec.role === "corner" && this.shape.kind === "polygon") {
      if (this.shape.rings[0].length > 3) this.shape.rings[0].splice(spec.i, 1);
    } else if (STEP[event.key]) {
      const far = event.shiftKey ? 1 : 10;
      const [x, y] = this.at(spec.lonlat);
      const move = this.begun(spec, spec.lonlat);
      move(this.under([x + STEP[event.key][0] * far, y + STEP[event.key][1] * far]));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.refresh();
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.tellShape(), KEYS_MS);
  }

  // Gestures.

  point(event) {
    const frame = this.root.getBoundingClientRect();
    return [event.clientX - frame.left - this.root.clientLeft, event.clientY - frame.top - this.root.clientTop];
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", (event) => this.up(event));
    canvas.addEventListener("dblclick", (event) => {
      if (this.tool !== "polygon") this.zoomBy(1, this.point(event));
      else if (!this.close()) this.choose("polygon"); // leaves no corner of the second click
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(-clamp(event.deltaY, -120, 120) / 240, this.point(event));
    }, { passive: false });
    this.root.querySelectorAll("button").forEach((button) => {
      button.addEventListener("click", (event) => this.press(button, event.detail === 0));
    });
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    const here = this.point(event);
    this.fingers.set(event.pointerId, here);
    this.start = here;
    this.anchor = this.fingers.size === 1 && this.tool === "box" ? this.under(here) : null;
    this.trail = this.fingers.size === 1 && this.tool === "lasso" ? [here] : [];
  }

  move(event) {
    const here = this.point(event);
    const before = this.fingers.get(event.pointerId);
    if (!before) {
      if (this.draft.length) {
        this.pointer = this.under(here);
        this.draw();
      }
      return;
    }
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, here);
    if (other) {
      const apart = ([x, y]) => Math.max(Math.hypot(x - other[0], y - other[1]), 1);
      this.zoomBy(Math.log2(apart(here) / apart(before)), [(here[0] + other[0]) / 2, (here[1] + other[1]) / 2]);
    } else if (this.anchor) {
      this.shape = { kind: "box", rings: [this.boxBetween(this.anchor, this.under(here))] };
      this.refresh();
    } else if (this.trail.length) {
      const last = this.trail.at(-1);
      if (Math.hypot(here[0] - last[0], here[1] - last[1]) > TRAIL_STEP) this.trail.push(here);
      this.draw();
    } else if (this.tool === "pan") {
      this.panBy(before[0] - here[0], before[1] - here[1]);
    }
  }

  up(event) {
    const here = this.point(event);
    const still = this.start && Math.hypot(here[0] - this.start[0], here[1] - this.start[1]) < 5;
    this.fingers.delete(event.pointerId);
    if (this.anchor) {
      this.anchor = null;
      if (still) this.pick(here);
      else this.finish();
    } else if (this.trail.length) {
      this.closeTrail();
    } else if (this.tool === "polygon" && still && event.type === "pointerup") {
      this.addCorner(here);
    } else if (this.tool === "pan" && still && event.type === "pointerup") {
      this.pick(here);
    }
  }

  pick(here) {
    this.refresh();
    const name = this.areaUnder(here);
    if (name !== undefined) this.send("picked", { turn: Date.now(), name });
  }

  // Where several shapes are drawn, one after the other, the tool stays in the hand.
  finish() {
    if (!this.data.groundKey) this.tool = "pan";
    this.tellShape(true);
  }

  closeTrail() {
    const trail = this.trail;
    this.trail = [];
    let corners = thinned(trail, 2);
    for (let most = 4; corners.length > MOST_CORNERS; most *= 2) corners = thinned(trail, most);
    const across = boundsOf([trail]);
    if (corners.length < 3 || Math.max(across[2] - across[0], across[3] - across[1]) < 12) {
      this.pick(trail[0]);
      return;
    }
    this.shape = { kind: "polygon", rings: [corners.map((corner) => this.under(corner))] };
    this.finish();
  }

  addCorner(here) {
    const first = this.draft.length > 2 && this.at(this.draft[0]);
    if (first && Math.hypot(first[0] - here[0], first[1] - here[1]) < 12) {
      this.close();
      return;
    }
    const last = this.draft.length && this.at(this.draft.at(-1));
    if (!last || Math.hypot(last[0] - here[0], last[1] - here[1]) > 4) this.draft.push(this.under(here));
    this.refresh();
  }

  close() {
    if (this.draft.length < 3) return false;
    this.shape = { kind: "polygon", rings: [this.draft] };
    this.draft = [];
    this.pointer = null;
    this.finish();
    return true;
  }

  key(event) {
    const step = STEP[event.key];
    if (step) this.panBy(step[0] * 60, step[1] * 60);
    else if (event.key === "+" || event.key === "=") this.zoomBy(0.5);
    else if (event.key === "-") this.zoomBy(-0.5);
    else if (event.key === "Enter" && this.draft.length) this.close();
    else if (event.key === "Escape" && this.tool !== "pan") this.choose("pan");
    else if (event.key === "Backspace" && this.draft.length) this.draft.pop();
    else return;
    event.preventDefault();
    this.refresh();
  }

  press(button, byKeyboard) {
    const { tool, act } = button.dataset;
    if (tool) this.choose(tool, byKeyboard);
    else if (act === "in") this.zoomBy(1);
    else if (act === "out") this.zoomBy(-1);
    else if (act === "fit") {
      this.fit(this.data.groundKey ? this.data.bounds : boundsOf(this.shape.rings));
      this.moved();
    } else if (act === "clear") {
      this.shape = null;
      this.choose("pan");
      this.tellShape();
    }
  }

  // A tool chosen by keyboard puts a shape in the middle, for the arrow keys to move.
  choose(tool, byKeyboard = false) {
    this.tool = tool;
    this.draft = [];
    this.trail = [];
    this.pointer = null;
    if (byKeyboard && tool !== "pan") {
      const [west, north] = this.under([this.width * 0.3, this.height * 0.3]);
      const [east, south] = this.under([this.width * 0.7, this.height * 0.7]);
      const kept = !this.data.groundKey && this.shape && this.shape.kind !== "area" && tool === "polygon";
      this.shape = { kind: tool === "lasso" ? "polygon" : tool, rings: kept ? this.shape.rings : [boxRing(west, south, east, north)] };
      this.tool = "pan";
      this.refresh();
      this.handles.firstChild?.focus();
      this.tellShape(!kept);
      return;
    }
    if (tool !== "pan") this.canvas.focus({ preventScroll: true });
    this.refresh();
  }

  // `fresh`: drawn just now, not moved.
  tellShape(fresh = false) {
    this.refresh();
    this.send("drawn", { turn: Date.now(), kind: this.shape?.kind ?? null, ring: this.shape?.rings[0] ?? [], fresh });
  }
}
