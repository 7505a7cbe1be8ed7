"""The science: arrays, rasters and tensors in and out. No database, no pages."""
