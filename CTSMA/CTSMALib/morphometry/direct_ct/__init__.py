"""Quantities measured directly on the gray values of a CT: tissue references, blur, noise, texture of patches."""
