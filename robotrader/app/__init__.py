"""The application: what the command line runs, wired from the inner packages."""
