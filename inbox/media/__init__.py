"""Files: uploads and, later, copies of what customers sent."""
