"""Measures of how well a generator learnt its data set."""
