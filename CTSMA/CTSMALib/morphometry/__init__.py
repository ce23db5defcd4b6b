"""What is measured: gray values of a CT (``direct_ct``) and trabecular structure (``trabecular``)."""
