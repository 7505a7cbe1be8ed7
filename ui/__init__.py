"""What pages share: map, legend, charts, job progress, downloads, error box."""
