"""The panels of the module CTSMARegistration: register, see, correct and judge the registration of a knee."""
