"""The engine's two listeners: the public one takes events, the console shows what became of them."""
