"""Places of OpenStreetMap, from an extract or an Overpass server."""
