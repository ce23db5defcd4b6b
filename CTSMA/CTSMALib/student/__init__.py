"""What the student does on a CT: cubes in, apparent parameters with their uncertainty out."""
