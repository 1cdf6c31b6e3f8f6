"""What the pages show is run: see ``test_docs``."""
