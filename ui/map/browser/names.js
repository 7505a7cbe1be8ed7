// Which names of streets, parks and waters there is room for: the roomiest first, none on another.

import { mercator } from "./finding.js";

const SIZE = 12; // pixels
const WEIGHT = 600;
const HALO = 3.5; // pixels
const SQUARE = 14; // pixels a side of what a name keeps free around it
const APART = 260; // pixels between two that are the same
const MOST = 150;
const EARTH_M = 40075016.7;
const CRISP = 2; // pixels of a picture for one of the screen
const ACROSS = 1024; // pixels of a picture of names
// Scripts whose letters join, stack or run from right to left: Hebrew and Arabic to Burmese, and Khmer.
const SHAPED = /[\u0590-\u109f\u1780-\u17ff\ufb1d-\ufdff\ufe70-\ufefc]/;

export class Names {
  constructor(names, font) {
    this.names = names;
    this.font = font;
    this.pen = document.createElement("canvas").getContext("2d");
  }

  widthOf(words) {
    this.pen.font = `${WEIGHT} ${SIZE}px ${this.font}`;
    return this.pen.measureText(words).width;
  }

  // Those to be written in a view and somewhat around it; the ones of before as long as they hold it.
  within(seen) {
    const zoom = Math.floor(seen.zoom * 2) / 2; // what has room here has room up to the next step
    if (this.chosen && zoom === this.zoom && seen.inside(this.around)) return this.chosen;
    this.zoom = zoom;
    this.around = seen.wider(0.3);
    this.chosen = this.choose(512 * 2 ** zoom, this.around);
    return this.chosen;
  }

  choose(world, [west, south, east, north]) {
    const chosen = [];
    const taken = new Set();
    const before = new Map(); // name → where it stands already
    for (const name of this.names) {
      const [lon, lat] = name.p;
      if (lon < west || lon > east || lat < south || lat > north) continue;
      name.wide ??= this.widthOf(name.t);
      const metre = world / (EARTH_M * Math.cos((lat * Math.PI) / 180));
      if (name.wide > name.l * metre) continue;
      const [x, y] = [((lon + 180) / 360) * world, mercator(lat) * world];
      const same = before.get(name.t) ?? [];
      if (same.some(([left, up]) => Math.hypot(left - x, up - y) < APART)) continue;
      const squares = squaresUnder(name, x, y);
      if (squares.some((square) => around(square).some((one) => taken.has(one)))) continue;
      for (const square of squares) taken.add(square.join());
      before.set(name.t, [...same, [x, y]]);
      if (chosen.push(name) === MOST) break;
    }
    return chosen;
  }
}

// The squares that a name lies on.
function squaresUnder({ wide, a }, x, y) {
  const [right, up] = [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)];
  const steps = Math.ceil(wide / SQUARE);
  return Array.from({ length: steps + 1 }, (_, at) => {
    const along = (at / steps - 0.5) * wide;
    return [Math.floor((x + right * along) / SQUARE), Math.floor((y - up * along) / SQUARE)];
  });
}

const around = ([column, row]) =>
  [-1, 0, 1].flatMap((right) => [-1, 0, 1].map((down) => `${column + right},${row + down}`));

// The layers that write them: deck.gl sets letters side by side from the left, so a canvas writes those that
// have to be shaped, as the browser writes any text.
export function layersOf(deck, one, data, font) {
  const shaped = data.filter(({ t }) => SHAPED.test(t));
  if (!shaped.length) return new deck.TextLayer(written(one, data, font));
  const others = data.filter(({ t }) => !SHAPED.test(t));
  return [new deck.TextLayer(written(one, others, font)), new deck.IconLayer(pictured(one, shaped, font))];
}

function pictured(one, data, font) {
  const high = Math.ceil(SIZE + 2 * HALO + 6);
  const places = placedIn(data, high);
  const width = Math.max(...places.map((place) => place.x + place.width));
  const height = Math.max(...places.map((place) => place.y + place.height));
  const pen = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  pen.scale(CRISP, CRISP);
  const middles = new Map(
    data.map((name, at) => {
      const place = places[at];
      return [name, [(place.x + place.width / 2) / CRISP, (place.y + place.height / 2) / CRISP]];
    }),
  );
  const [ink, halo] = [one.ink, one.halo].map((colour) => `rgb(${colour.slice(0, 3).join()})`);
  for (const [name, at] of middles)
    paintNames(pen, [{ ...name, a: 0 }], { font, ink, halo, at: () => at, taken: [] });
  return {
    id: `${one.id}-shaped`,
    data,
    iconAtlas: pen.getImageData(0, 0, width, height),
    iconMapping: Object.fromEntries(places.entries()),
    getIcon: (_, { index }) => index,
    getPosition: (name) => name.p,
    getAngle: (name) => name.a,
    getSize: high,
    opacity: one.opacity,
  };
}

// Where each name stands in one picture of them: in rows, one after the other.
function placedIn(data, high) {
  const height = high * CRISP;
  let [x, y] = [0, 0];
  return data.map(({ wide }) => {
    const width = Math.ceil(wide + 2 * HALO + 4) * CRISP;
    if (x && x + width > ACROSS) [x, y] = [0, y + height];
    x += width;
    return { x: x - width, y, width, height };
  });
}

// How they are written, as deck.gl takes it.
const written = (one, data, font) => ({
  id: one.id,
  data,
  getPosition: (name) => name.p,
  getText: (name) => name.t,
  getAngle: (name) => name.a,
  getSize: SIZE,
  getColor: one.ink,
  fontFamily: font,
  fontWeight: WEIGHT,
  characterSet: "auto",
  fontSettings: { sdf: true, fontSize: 32, buffer: 8, radius: 12, smoothing: 0.2 },
  outlineWidth: 6,
  outlineColor: [...one.halo, 230],
  opacity: one.opacity,
});

// How they are written on a canvas, none on the rectangles that are `taken` (left, top, right, bottom).
export function paintNames(paint, names, { font, ink, halo, at, taken }) {
  paint.save();
  Object.assign(paint, { font: `${WEIGHT} ${SIZE}px ${font}`, textAlign: "center", textBaseline: "middle" });
  Object.assign(paint, { lineJoin: "round", lineWidth: HALO, strokeStyle: halo, fillStyle: ink });
  for (const name of names) {
    const [x, y] = at(name.p);
    if (taken.some((box) => touches(name, x, y, box))) continue;
    const turned = (-name.a * Math.PI) / 180;
    paint.save();
    paint.translate(x, y);
    paint.rotate(turned);
    paint.strokeText(name.t, 0, 0);
    paint.fillText(name.t, 0, 0);
    paint.restore();
  }
  paint.restore();
}

// Whether a name written around a point of the screen touches a rectangle.
function touches({ wide, a }, x, y, [left, top, right, bottom]) {
  const [over, up] = [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)];
  const steps = Math.ceil(wide / SIZE);
  return Array.from({ length: steps + 1 }, (_, at) => (at / steps - 0.5) * wide).some(
    (along) =>
      x + over * along > left - SIZE &&
      x + over * along < right + SIZE &&
      y - up * along > top - SIZE &&
      y - up * along < bottom + SIZE,
  );
}
