"""The panels of the module CTSMA: analyze a CT, read the result, export its report."""
