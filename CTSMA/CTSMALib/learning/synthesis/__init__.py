"""Training of the network that makes a CT and bone labels of an MR."""
