"""Which components there are, for tests that must not forget one."""


def public_subclasses(base):
    """Classes that users can take; those with an underscore are a single module's own."""
    return [cls for cls in base.__subclasses__() if not cls.__name__.startswith("_")]
