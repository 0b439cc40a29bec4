"""What a file from outside holds: does it open, how many pages, is anything on them, whose numbers do they bear.

Looking is done by a process of its own with limits on time and memory: a hostile file must not take the engine
with it. Nothing here judges a signature or a stamp; that is for a person (`person.ask`).
"""
