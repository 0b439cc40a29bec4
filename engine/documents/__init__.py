"""Documents: from the facts of an item to a sheet of texts, and from the sheet to a file.

Decides which facts each document needs, what may stay blank and how sums read. It gives no number to an item, sends
nothing and chooses no moment: that is the rules' and the actions' part.
"""
