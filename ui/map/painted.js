// Values of a city's units as one picture in Web Mercator, for maps that draw pictures only.

import { CellIndex, middlesOf } from "./finding.js";

export const NO_CLASS = 255;

// RGBA of each shape, four bytes a shape.
export function coloursOf(classes, palette) {
  const colours = new Uint8Array(classes.length * 4);
  for (let i = 0; i < classes.length; i += 1) {
    if (classes[i] !== NO_CLASS) colours.set(palette[classes[i]], i * 4);
  }
  return colours;
}

// The pixels of a picture that knows whose each of them is.
export function imageOf({ owners, width, height }, classes, palette) {
  const colours = new Uint32Array(coloursOf(classes, palette).buffer);
  const pixels = new Uint32Array(owners.length);
  for (let n = 0; n < owners.length; n += 1) if (owners[n] >= 0) pixels[n] = colours[owners[n]];
  return new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
}

// A layer of cells or of a picture, as ui/map/cells.py and ui/map/shapes.py give it: { image, bounds }.
export async function painted(layer) {
  if (layer.image) return { image: await createImageBitmap(await fetched(layer.image, "blob")), bounds: layer.bounds };
  const { places, lattices } = layer.cells;
  const [faces, steps, classes] = await Promise.all([
    fetched(lattices, "json"),
    fetched(places, "arrayBuffer"),
    fetched(layer.shown.classes, "arrayBuffer"),
  ]);
  const drawn = new CellIndex(middlesOf(new Int32Array(steps), faces), faces).picture();
  const image = await createImageBitmap(imageOf(drawn, new Uint8Array(classes), layer.shown.palette));
  return { image, bounds: drawn.bounds };
}

async function fetched(address, read) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} ${address}`);
  return answer[read]();
}
