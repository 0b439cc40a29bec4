"""The inside of the expression language: text → tree → checked closures.

Its doors are `engine.language.expression` and `engine.language.template`.
"""
