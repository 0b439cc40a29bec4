"""Registers: all acts and contracts of the company as lists with filters, sums and rights."""
