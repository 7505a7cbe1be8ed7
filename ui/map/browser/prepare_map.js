// Loads what draws maps while the page that has one is still being worked out.

export default function ({ data }) {
  import(new URL(data.script, location.origin))
    .then(({ prepare }) => prepare(data.code))
    .catch(() => {}); // the map itself tries again, and says what failed
}
