"""What the bones of virtual knees are made of: plate, cortex, trabeculae, marrow, and what osteoarthritis changes."""
