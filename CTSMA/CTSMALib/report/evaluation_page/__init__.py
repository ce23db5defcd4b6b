"""The page of an evaluation of students: the same model and renderer as the report on a CT."""
