"""The command line: the app's own steps from a terminal."""
