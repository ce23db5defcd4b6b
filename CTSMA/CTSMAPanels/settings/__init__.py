"""What a user sets once for the extension, in the application's settings."""
