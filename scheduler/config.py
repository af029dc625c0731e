"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from inbox.config import Section


class SchedulerConfig(Section):
    """Everything that `scheduler` can be told: nothing yet."""
