"""Engines that refine the motion of one bone, behind one interface."""
