"""Questions a visitor asks of a city, and what their answers look like."""
