"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from inbox.config import Section


class CrmSyncConfig(Section):
    """Everything that `crm_sync` can be told: nothing yet."""
