"""Widgets that know nothing of models or recipes: numbers, pictures and lists in, signals out."""
