"""What comes back to letters: refusals and answers, read from an IMAP folder or a Maildir."""
