"""Doors: gate, form, one verb, render."""
