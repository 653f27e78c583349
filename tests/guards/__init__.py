"""Tests of the house itself: what no single feature's test would notice."""
