"""What one person should know: kept until they have read it, told live to nobody else."""
