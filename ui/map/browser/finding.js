// What lies under a point of the map, found by arithmetic: nothing is drawn to be asked, so that the
// answer takes no longer however many shapes a map has and by whatever it is drawn.

const EARTH_M = 40075016.7;
const RADIAN = Math.PI / 180;
const NEAR_EDGE = 3; // steps from the edge of a face within which a cell is known to the next one, too
const FACE = 2 ** 23; // more than a lattice is wide
const CELL_PIXELS = 3; // of a picture of cells, to a cell
const MOST_PIXELS = 2048; // of its side
const GRID = 64; // cells a side of the index of areas
const SLACK = 3; // pixels beside a point that count as on it

const around = (x) => ((((x + 180) % 360) + 360) % 360) - 180;
export const mercator = (latitude) => 0.5 - Math.asinh(Math.tan(latitude * RADIAN)) / (2 * Math.PI);
const latitudeOf = (y) => Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) / RADIAN;

// What is seen of the world from a view on a stage of so many pixels.
export function seenFrom({ longitude, latitude, zoom }, width, height, ratio) {
  const world = 512 * 2 ** zoom;
  const [wide, high, y] = [(width / world) * 180, height / world / 2, mercator(latitude)];
  const bounds = (more) => [
    longitude - wide * more,
    latitudeOf(y + high * more),
    longitude + wide * more,
    latitudeOf(y - high * more),
  ];
  const [west, south, east, north] = bounds(1);
  return {
    zoom,
    pixels: (part) => part * world * ratio, // of the screen that a part of the world is wide
    wider: (share) => bounds(1 + share),
    inside: ([left, low, right, up]) => left <= west && low <= south && right >= east && up >= north,
  };
}

// Middles of cells, longitude and latitude in turn, by their places in the lattices (ui/map/cells.py):
// each place less the one before.
export function middlesOf(steps, faces) {
  const sides = faces.map(([a, b, c]) => [stepAlong(b, c, a), stepAlong(c, a, b), c]);
  const middles = new Float64Array(steps.length);
  let [q, r, west, east] = [0, 0, 180, -180];
  for (let at = 0; at < steps.length; at += 2) {
    q += steps[at];
    r += steps[at + 1];
    const face = Math.round(q / FACE);
    const own = q - face * FACE;
    const [first, second, middle] = sides[face];
    const x = own * first[0] + r * second[0] + middle[0];
    const y = own * first[1] + r * second[1] + middle[1];
    const z = own * first[2] + r * second[2] + middle[2];
    middles[at] = Math.atan2(y, x) / RADIAN;
    middles[at + 1] = Math.atan2(z, Math.hypot(x, y)) / RADIAN;
    west = Math.min(west, middles[at]);
    east = Math.max(east, middles[at]);
  }
  if (east - west <= 180) return middles;
  return middles.map((degrees, at) => (at % 2 || degrees > 0 ? degrees : degrees + 360)); // across the 180th meridian
}

// H3 cells by longitude and latitude. `faces` are the lattices of the icosahedron's faces, rows a, b,
// c (aether_core/spatial/lattices.py): a point's place is (a·p, b·p) / c·p, rounded to its hexagon.
export class CellIndex {
  constructor(middles, faces) {
    this.middles = middles;
    this.faces = faces.map((rows) => rows.flat());
    this.step = 1 / Math.hypot(...this.faces[0].slice(0, 3)); // of the lattice, on the unit sphere
    this.blocks = new Map(); // place of a square of 8 by 8 lattice points → its cells' numbers
    this.bounds = boundsOf(middles);
    const [west, south, east, north] = this.bounds;
    const first = unit(middles[0], middles[1]);
    const reach = Math.hypot(east - west, north - south) * RADIAN; // no cell is farther from the first
    const nearest = Math.max(...this.faces.map((rows) => deep(rows, first)));
    this.near = [...this.faces.keys()].filter(
      (face) => nearest - deep(this.faces[face], first) <= 2 * reach + NEAR_EDGE * this.step,
    );
    const place = {};
    for (let cell = 0; cell < middles.length / 2; cell += 1) {
      const p = unit(middles[2 * cell], middles[2 * cell + 1]);
      const best = this.near.length > 1 ? deep(this.faces[this.face(p)], p) : 0;
      for (const face of this.near) {
        if (this.near.length > 1 && best - deep(this.faces[face], p) > NEAR_EDGE * this.step) continue;
        project(this.faces[face], p[0], p[1], p[2], place);
        round(place);
        this.block(place.q + face * FACE, place.r, true)[inBlock(place.q, place.r)] = cell;
      }
    }
  }

  // The face in which a point lies.
  face(p) {
    const { near, faces } = this;
    return near.reduce((best, face) => (deep(faces[face], p) > deep(faces[best], p) ? face : best));
  }

  // Numbers of the cells in the square of lattice points around a place.
  block(q, r, made) {
    const key = (q >> 3) * 2 ** 21 + (r >> 3);
    let block = this.blocks.get(key);
    if (!block && made) this.blocks.set(key, (block = new Int32Array(64).fill(-1)));
    return block ?? NO_CELLS;
  }

  // Number of the cell that a point lies in; -1 where it is none of these.
  at(longitude, latitude) {
    const p = unit(longitude, latitude);
    const face = this.face(p);
    const place = {};
    project(this.faces[face], ...p, place);
    round(place);
    const { q, r } = place;
    return this.block(q + face * FACE, r)[inBlock(q, r)];
  }

  // Corners of a cell, longitude and latitude.
  outline(at) {
    const middle = this.middles[2 * at];
    const p = unit(middle, this.middles[2 * at + 1]);
    const rows = this.faces[this.face(p)];
    const [a, b, c] = [rows.slice(0, 3), rows.slice(3, 6), rows.slice(6)];
    const [first, second] = [stepAlong(b, c, a), stepAlong(c, a, b)];
    return [[1, 1], [-1, 2], [-2, 1], [-1, -1], [1, -2], [2, -1]].map(([i, j]) => {
      const [x, y, z] = p.map((one, n) => one / dot(c, p) + (i * first[n] + j * second[n]) / 3);
      const longitude = Math.atan2(y, x) / RADIAN;
      return [middle + around(longitude - middle), Math.atan2(z, Math.hypot(x, y)) / RADIAN];
    });
  }

  // Whose cell each pixel of a picture in Web Mercator is, -1 for none: pixels of at most a third of
  // a cell's width, while the picture does not grow too large.
  picture() {
    this.drawn ??= this.draw();
    return this.drawn;
  }

  draw() {
    let [west, south, east, north] = this.bounds;
    const high = this.step / RADIAN; // of a cell, degrees
    const wide = high / Math.cos(Math.max(Math.abs(south), Math.abs(north)) * RADIAN);
    [west, south, east, north] = [west - wide, south - high, east + wide, north + high];
    const [top, bottom] = [mercator(north), mercator(south)];
    const [across, down] = [(east - west) / 360, bottom - top];
    const pixel = Math.max(wide / 360 / CELL_PIXELS, Math.max(across, down) / MOST_PIXELS);
    const [width, height] = [Math.ceil(across / pixel), Math.ceil(down / pixel)];
    const owners = new Int32Array(width * height);
    const [cosines, sines] = [new Float64Array(width), new Float64Array(width)];
    for (let x = 0; x < width; x += 1) {
      const longitude = (west + ((x + 0.5) / width) * (east - west)) * RADIAN;
      cosines[x] = Math.cos(longitude);
      sines[x] = Math.sin(longitude);
    }
    const place = { q: 0, r: 0, a: 0, b: 0 };
    let face = -1;
    let owner = -1; // of the pixel before: most lie in one cell with it
    for (let y = 0; y < height; y += 1) {
      const latitude = latitudeOf(top + ((y + 0.5) / height) * down) * RADIAN;
      const flat = Math.cos(latitude);
      const z = Math.sin(latitude);
      for (let x = 0; x < width; x += 1) {
        const [own, before] = [this.near.length > 1 ? this.face([flat * cosines[x], flat * sines[x], z]) : this.near[0], face];
        face = own;
        project(this.faces[face], flat * cosines[x], flat * sines[x], z, place);
        if (face !== before || !within(place)) {
          round(place);
          owner = this.block(place.q + face * FACE, place.r)[inBlock(place.q, place.r)];
        }
        owners[y * width + x] = owner;
      }
    }
    return { owners, width, height, pixel, bounds: [west, south, east, north] };
  }
}

const NO_CELLS = new Int32Array(64).fill(-1);
const inBlock = (q, r) => ((q & 7) << 3) | (r & 7);
const deep = (rows, p) => rows[6] * p[0] + rows[7] * p[1] + rows[8] * p[2];

// Where a point lies in the plane of a face, in steps of its lattice.
function project(rows, x, y, z, place) {
  const near = 1 / (rows[6] * x + rows[7] * y + rows[8] * z);
  place.a = (rows[0] * x + rows[1] * y + rows[2] * z) * near;
  place.b = (rows[3] * x + rows[4] * y + rows[5] * z) * near;
}

// Whether it lies in the hexagon of a place.
function within({ q, r, a, b }) {
  const u = a - q;
  const v = b - r;
  return Math.abs(2 * u + v) < 1 && Math.abs(u + 2 * v) < 1 && Math.abs(u - v) < 1;
}

// The place in whose hexagon it lies: the nearest.
function round(place) {
  const { a, b } = place;
  const q = Math.round(a);
  const r = Math.round(b);
  const s = Math.round(-a - b);
  const [da, db, ds] = [Math.abs(q - a), Math.abs(r - b), Math.abs(s + a + b)];
  place.q = (da > db && da > ds ? -r - s : q) | 0;
  place.r = (db > ds && !(da > db && da > ds) ? -q - s : r) | 0;
}

function boundsOf(middles) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < middles.length; at += 2) {
    west = Math.min(west, middles[at]);
    south = Math.min(south, middles[at + 1]);
    east = Math.max(east, middles[at]);
    north = Math.max(north, middles[at + 1]);
  }
  return [west, south, east, north];
}

function unit(longitude, latitude) {
  const [x, y] = [longitude * RADIAN, latitude * RADIAN];
  return [Math.cos(y) * Math.cos(x), Math.cos(y) * Math.sin(x), Math.sin(y)];
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

// The step of a lattice along which only the place in `own` grows.
function stepAlong(one, other, own) {
  const across = [
    one[1] * other[2] - one[2] * other[1],
    one[2] * other[0] - one[0] * other[2],
    one[0] * other[1] - one[1] * other[0],
  ];
  const long = dot(own, across);
  return across.map((part) => part / long);
}

// Areas and points of a GeoJSON document, by longitude and latitude.
export class ShapeIndex {
  constructor(features, size) {
    const numbers = [];
    this.rings = []; // of all areas: where each begins in `numbers`, and where it ends
    this.areas = []; // feature, first ring, end of its rings, bounds
    this.points = new PointIndex([], [], size);
    for (const feature of features) {
      const { type, coordinates } = feature.geometry;
      const at = feature.properties.at;
      if (type === "Point") this.points.add(at, coordinates);
      else if (type === "MultiPoint") coordinates.forEach((one) => this.points.add(at, one));
      else if (type === "Polygon") this.add(at, [coordinates], numbers);
      else if (type === "MultiPolygon") this.add(at, coordinates, numbers);
    }
    this.numbers = Float64Array.from(numbers);
    this.grid();
  }

  add(at, polygons, numbers) {
    const first = this.rings.length;
    const bounds = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of polygons.flat()) {
      const start = numbers.length;
      for (const [x, y] of ring) {
        numbers.push(x, y);
        bounds[0] = Math.min(bounds[0], x);
        bounds[1] = Math.min(bounds[1], y);
        bounds[2] = Math.max(bounds[2], x);
        bounds[3] = Math.max(bounds[3], y);
      }
      this.rings.push([start, numbers.length]);
    }
    this.areas.push({ at, first, end: this.rings.length, bounds });
  }

  // Which areas reach into each square of a grid over all of them.
  grid() {
    const all = this.areas.map(({ bounds }) => bounds);
    this.west = all.reduce((least, bounds) => Math.min(least, bounds[0]), Infinity);
    this.south = all.reduce((least, bounds) => Math.min(least, bounds[1]), Infinity);
    const east = all.reduce((most, bounds) => Math.max(most, bounds[2]), -Infinity);
    const north = all.reduce((most, bounds) => Math.max(most, bounds[3]), -Infinity);
    this.wide = (east - this.west) / GRID || 1;
    this.high = (north - this.south) / GRID || 1;
    this.squares = Array.from({ length: GRID * GRID }, () => []);
    for (const area of this.areas) {
      const [left, low] = this.square(area.bounds[0], area.bounds[1]);
      const [right, up] = this.square(area.bounds[2], area.bounds[3]);
      for (let y = low; y <= up; y += 1) {
        for (let x = left; x <= right; x += 1) this.squares[y * GRID + x].push(area);
      }
    }
  }

  square(x, y) {
    return [
      Math.min(Math.floor((x - this.west) / this.wide), GRID - 1),
      Math.min(Math.floor((y - this.south) / this.high), GRID - 1),
    ];
  }

  // The topmost shape at a point, as its number and its rings; null where there is none.
  at(longitude, latitude, zoom) {
    const point = this.points.at(longitude, latitude, zoom);
    if (point) return point;
    for (const x of [longitude, longitude - 360, longitude + 360]) {
      const [column, row] = this.square(x, latitude);
      const found = this.squares[column >= 0 && row >= 0 ? row * GRID + column : -1] ?? [];
      for (let n = found.length - 1; n >= 0; n -= 1) {
        if (this.holds(found[n], x, latitude)) return { at: found[n].at, area: found[n] };
      }
    }
    return null;
  }

  // Whether an area holds a point: a ray from it crosses its rings, holes and all, an odd number of times.
  holds({ first, end, bounds }, x, y) {
    if (x < bounds[0] || y < bounds[1] || x > bounds[2] || y > bounds[3]) return false;
    const { numbers } = this;
    let inside = false;
    for (let ring = first; ring < end; ring += 1) {
      const [start, stop] = this.rings[ring];
      for (let one = start, before = stop - 2; one < stop; before = one, one += 2) {
        const [ay, by] = [numbers[one + 1], numbers[before + 1]];
        if (ay > y === by > y) continue;
        if (x < ((numbers[before] - numbers[one]) * (y - ay)) / (by - ay) + numbers[one]) inside = !inside;
      }
    }
    return inside;
  }

  outline({ first, end }) {
    return this.rings
      .slice(first, end)
      .map(([start, stop]) =>
        Array.from({ length: (stop - start) / 2 }, (_, n) => [this.numbers[start + 2 * n], this.numbers[start + 2 * n + 1]]),
      );
  }
}

// Dots, by how large they are drawn: `metres`, but `least` and `most` pixels.
export class PointIndex {
  constructor(numbers, places, size) {
    Object.assign(this, { numbers, places, size });
  }

  add(at, place) {
    this.numbers.push(at);
    this.places.push(place);
  }

  // The nearest dot that a point lies on; null where there is none.
  at(longitude, latitude, zoom) {
    const degree = (512 * 2 ** zoom) / 360; // pixels, and of a degree of latitude:
    const upright = degree / Math.cos(latitude * RADIAN);
    const { metres, least: fewest, most } = this.size;
    const reach = Math.min(Math.max((metres * upright * 360) / EARTH_M, fewest), most) + SLACK;
    let [best, least] = [-1, reach];
    this.places.forEach(([x, y], n) => {
      const down = (y - latitude) * upright;
      if (down > least || down < -least) return;
      const away = Math.hypot(around(x - longitude) * degree, down);
      if (away <= least) [best, least] = [n, away];
    });
    return best < 0 ? null : { at: this.numbers[best] };
  }
}

// Which shape each pixel of a picture in Web Mercator shows: red, green and blue count from 1.
export class PixelIndex {
  constructor({ data, width, height }, bounds) {
    Object.assign(this, { data, width, height, bounds });
  }

  at(longitude, latitude) {
    const [west, south, east, north] = this.bounds;
    const top = mercator(north);
    const y = Math.floor(((mercator(latitude) - top) / (mercator(south) - top)) * this.height);
    for (const one of [longitude, longitude - 360, longitude + 360]) {
      const x = Math.floor(((one - west) / (east - west)) * this.width);
      if (x < 0 || y < 0 || x >= this.width || y >= this.height) continue;
      const pixel = 4 * (y * this.width + x);
      const at = this.data[pixel] + 256 * this.data[pixel + 1] + 65536 * this.data[pixel + 2] - 1;
      return at < 0 ? null : { at };
    }
    return null;
  }
}
