"""What takes over edits of a CRM, as the app builds it."""

from inbox.clock import Clock
from inbox.config import TagsConfig
from inbox.customers.adopting.store import Adopting
from inbox.customers.mirroring.marking import Mirrors
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from inbox.tags.service import TagService


def adopting(mongo: Mongo, clock: Clock, mirrors: Mirrors | None = None) -> Adopting:
    customers = CustomerStore(mongo, clock, mirrors)
    return Adopting(mongo, customers, TagService(mongo, customers, clock, TagsConfig()), clock)
