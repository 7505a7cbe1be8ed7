// Fetches the map's own code once, by its address, rather than with each rerun's message.

let code;

export default function (component) {
  const { data, parentElement } = component;
  let left = false;
  let leave;
  code ??= import(new URL(data.script, location.origin)).catch((error) => {
    code = undefined; // the next rerun tries again
    throw error;
  });
  code
    .then(({ default: draw }) => {
      if (!left) leave = draw(component);
    })
    .catch((error) => {
      console.error(error);
      parentElement.querySelector(".note").textContent = data.words.failed;
    });
  return () => {
    left = true;
    leave?.();
  };
}
