"""One person with several customer records: found, merged into one, and parted again."""
