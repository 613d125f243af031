"""The front door: what `import matchopt` offers."""

import matchopt


def test_the_exports_are_a_sorted_all() -> None:
    assert matchopt.__all__ == sorted(matchopt.__all__)
    assert set(dir(matchopt)) == set(matchopt.__all__)


def test_every_export_can_be_had() -> None:
    for name in matchopt.__all__:
        assert getattr(matchopt, name) is not None, name


def test_nothing_else_is_promised() -> None:
    assert set(matchopt._HOMES) | {"__version__"} == set(matchopt.__all__)
    assert not hasattr(matchopt, "no_such_thing")


def test_the_package_says_that_it_is_typed() -> None:
    from importlib.resources import files

    assert files("matchopt").joinpath("py.typed").is_file()
