"""What researchers look at: training, comparisons, retrieval, studies, model files."""
