"""Virtual knees: bone, tissue and scanners whose truth is known."""
