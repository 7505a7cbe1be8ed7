// Fetches a map's own code once, by its address, rather than with each rerun's message.

const codes = new Map(); // address → promise of what is there

export default function (component) {
  const { data, parentElement } = component;
  let left = false;
  let leave;
  if (!codes.has(data.script)) codes.set(data.script, import(new URL(data.script, location.origin)));
  codes
    .get(data.script)
    .then(({ default: draw }) => {
      if (!left) leave = draw(component);
    })
    .catch((error) => {
      console.error(error);
      codes.delete(data.script); // the next rerun tries again
      parentElement.querySelector(".note").textContent = data.words?.failed ?? "";
    });
  return () => {
    left = true;
    leave?.();
  };
}
