"""What operators see: configuration and logging."""
