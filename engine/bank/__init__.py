"""Bank statements: what a file of the bank says, and which invoices its lines pay. Pure; see docs/bank.md."""
