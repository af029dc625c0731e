"""Splitting at work: one assigner per bot gives every conversation its sale, once."""
