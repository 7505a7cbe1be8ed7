"""Land-use labels: read from files and OpenStreetMap, and brought to the classes of a map."""
