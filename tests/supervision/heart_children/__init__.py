"""Programs that heart's tests run as its children."""
