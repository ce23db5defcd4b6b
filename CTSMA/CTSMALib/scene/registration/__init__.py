"""A registration under review as MRML nodes: seeing where MR and CT agree, and moving one bone at a time.

Matrices are (4, 4), from RAS points of the MR to RAS points of the CT, in mm, as in registration records.
"""
