"""What a test says of an error: its code and the facts it names, never its sentence."""

from collections.abc import Callable

from aether_core.errors import AetherError


def fault(code: str, *facts: object) -> Callable[[AetherError], bool]:
    """Return a check for `pytest.raises(..., check=...)`.

    Args:
        code: The code the error must carry.
        facts: Values the message must name, such as the argument, what was given, or the choices.

    Returns:
        Whether an error carries the code; over what its message leaves out it raises
        `AssertionError`, so that the test says which fact is missing.
    """

    def check(error: AetherError) -> bool:
        assert error.code == code, f"the code is {error.code!r}, of: {error}"
        missing = [str(fact) for fact in facts if str(fact) not in str(error)]
        assert not missing, f"the message names no {missing}: {error}"
        return True

    return check
