// Keeps in the browser what its visitor has seen end.

export default function ({ data }) {
  document.cookie = data.cookie;
}
