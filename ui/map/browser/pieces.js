// Data that come by address, each fetched once; the latest are kept for as long as the page is open.

const KEPT = 80; // pieces of data held in memory
const PAUSES = [500, 1000, 2000, 4000]; // ms: so long a proxy that starts anew is waited for
const AWAY = [502, 503, 504]; // what it says while it has no server
const pieces = new Map(); // address → promise of its content

export function piece(address, read) {
  if (!pieces.has(address)) {
    const arriving = asked(address).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status} ${address}`);
      return read(answer);
    });
    arriving.catch(() => pieces.delete(address));
    remember(pieces, address, arriving, KEPT);
  }
  return pieces.get(address);
}

async function asked(address) {
  for (const pause of PAUSES) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer && !AWAY.includes(answer.status)) return answer;
    await new Promise((over) => setTimeout(over, pause));
  }
  return fetch(address);
}

export function remember(map, key, value, most) {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value);
  return value;
}

export const numbers = (address, kind) => piece(address, async (answer) => new kind(await answer.arrayBuffer()));
export const json = (address) => piece(address, (answer) => answer.json());
