"""Where the login dialogs of the platforms send the browser back to."""
