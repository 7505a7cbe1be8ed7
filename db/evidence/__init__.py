"""Models, and what maps are fitted on and judged by: labels, areas, comparisons."""
