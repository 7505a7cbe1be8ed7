// Tells the browser, and whoever reads the page aloud, which language it is in and which way it runs.

export default function ({ data }) {
  document.documentElement.lang = data.language;
  document.documentElement.dir = data.direction;
}
