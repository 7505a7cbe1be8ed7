"""Maps fitted on what a user knows: labels and areas in, layers out."""
