// Shows two maps of one frame and moves the line between them. Nothing is sent back to the server.
export default function (component) {
  const { data, parentElement } = component;
  const find = (selector) => parentElement.querySelector(selector);
  const stage = find(".stage");
  const slider = find("input");

  find(".left").src = data.left;
  find(".left").alt = data.leftName;
  find(".right").src = data.right;
  find(".right").alt = data.rightName;
  find(".of-left").textContent = data.leftName;
  find(".of-right").textContent = data.rightName;
  stage.style.aspectRatio = `${data.width} / ${data.height}`;
  stage.style.maxWidth = `${Math.round((data.tallest * data.width) / data.height)}px`;
  slider.setAttribute("aria-label", data.label);

  const move = () => {
    stage.style.setProperty("--cut", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${Math.round(slider.value)} % ${data.leftName}`);
  };
  slider.addEventListener("input", move);
  move();
  return () => slider.removeEventListener("input", move);
}
