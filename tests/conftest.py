"""What every test module shares: English, and hypothesis without deadlines and memory between runs."""

import os

from hypothesis import HealthCheck, Phase, settings

from matchopt.language import speak

os.environ["LANGUAGE"] = "en"  # for the commands that tests start, too

settings.register_profile(
    "matchopt",
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("matchopt")


def pytest_runtest_teardown() -> None:
    """Forget the language that a test asked for."""
    speak(None)
    os.environ["LANGUAGE"] = "en"
