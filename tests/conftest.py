"""What every test module shares: hypothesis without deadlines and without a memory between runs."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "matchopt",
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("matchopt")
