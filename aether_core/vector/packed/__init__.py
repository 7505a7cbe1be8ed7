"""What comes packed or in parts: unpacked here, under names of our own, never handed to GDAL so."""
