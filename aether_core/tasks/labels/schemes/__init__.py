"""Published land-use schemes, each as raw value to class of a city map; facts with their source."""
