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

async function ofCells({ cells, shown }) {
  const [faces, steps, classes] = await Promise.all([
    fetched(cells.lattices, "json"),
    fetched(cells.places, "arrayBuffer"),
    fetched(shown.classes, "arrayBuffer"),
  ]);
  const drawn = new CellIndex(middlesOf(new Int32Array(steps), faces), faces).picture();
  const image = await createImageBitmap(imageOf(drawn, new Uint8Array(classes), shown.palette));
  return { image, bounds: drawn.bounds };
}

async function ofPicture({ image, bounds }) {
  return { image: await createImageBitmap(await fetched(image, "blob")), bounds };
}

const PAINTERS = { CellLayer: ofCells, PictureLayer: ofPicture };

// A layer as ui/map/cells.py and ui/map/shapes.py give it, as { image, bounds }.
export const painted = (layer) => PAINTERS[layer["@@type"]](layer);

async function fetched(address, read) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} ${address}`);
  return answer[read]();
}
