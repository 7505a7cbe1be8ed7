// Numbers on maps, as the page's language writes them.

export const digits = (value, form) => value.toLocaleString(document.documentElement.lang || "en", form);
