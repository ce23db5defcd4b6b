"""Registration of an MR to a CT of the same knee, bone by bone, with an estimate of its error."""
