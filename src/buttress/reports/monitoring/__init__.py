"""What monitoring shows: deviations, the coverage calendar with its sources, what is due, the runs of a control."""
