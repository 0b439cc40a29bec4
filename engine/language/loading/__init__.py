"""The inside of loading: YAML nodes → rules, each part with its place.

Its doors are `engine.language.load`, `engine.language.world` and `engine.language.source`.
"""
