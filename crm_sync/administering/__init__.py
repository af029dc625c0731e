"""What admins see of connections and do about them: health, check, parked records, back-fill."""
