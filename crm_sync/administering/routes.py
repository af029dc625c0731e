"""The HTTP of connections, for admins."""

from datetime import datetime

from crm_sync.administering.service import Administration
from crm_sync.administering.view import (
    BackfillBody,
    BackfillView,
    CheckView,
    CrmConnectionsView,
    CrmConnectionView,
    ParkedPageView,
    ReplayBody,
    ReplayedView,
    check_view,
    connection_view,
    parked_view,
)
from crm_sync.backfilling.model import Wanted
from crm_sync.mirroring.model import ParkedClass
from crm_sync.parking.model import ParkedPlace
from inbox.errors import NotFound
from inbox.http.paging import Cursor, Limit, bad_cursor, decode_cursor, encode_cursor
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor

_CONNECTIONS = "/api/v1/crm/connections"
_CONNECTION = _CONNECTIONS + "/{connection}"


class CrmAdministrationRoutes(Routes):
    """Connections stand in the configuration; here one sees how they are."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    @route("GET", _CONNECTIONS, access="admin", tag="crm")
    async def connections(self) -> CrmConnectionsView:
        """Every connection: how it is, its mapping, what is parked, how old the backlog is."""
        found = [await self._administration.overview(name) for name in self._administration.names]
        return CrmConnectionsView(items=[connection_view(one) for one in found])

    @route("GET", _CONNECTION, access="admin", tag="crm", problems=(NotFound,))
    async def connection(self, connection: str) -> CrmConnectionView:
        """One connection."""
        return connection_view(await self._administration.overview(connection))

    @route("POST", _CONNECTION + "/check", access="admin", tag="crm", problems=(NotFound,))
    async def check(self, actor: Actor, connection: str) -> CheckView:
        """Try the credentials and compare the mapping with the CRM's own fields, now.

        A connection that was paused because its credentials were refused goes on if they work.
        """
        return check_view(await self._administration.check(connection, actor))

    @route("GET", _CONNECTION + "/parked", access="admin", tag="crm", problems=(NotFound,))
    async def parked(
        self,
        connection: str,
        kind: ParkedClass | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ParkedPageView:
        """What nobody tries any more, newest first, with the reason."""
        page = await self._administration.parked(
            connection, kind, after=_place(cursor), limit=limit
        )
        ends = page.next
        following = encode_cursor(ends.at, ends.customer_id, ends.number) if ends else None
        return ParkedPageView(items=[parked_view(row) for row in page.rows], next_cursor=following)

    @route("POST", _CONNECTION + "/parked/replay", access="admin", tag="crm", problems=(NotFound,))
    async def replay(self, actor: Actor, connection: str, body: ReplayBody) -> ReplayedView:
        """Try again what is parked, with what customers are now. Safe to repeat."""
        customers = await self._administration.replay(connection, body.kind, actor)
        return ReplayedView(customers=customers)

    @route(
        "POST",
        _CONNECTION + "/backfill",
        access="admin",
        tag="crm",
        status=202,
        problems=(NotFound,),
    )
    async def backfill(self, actor: Actor, connection: str, body: BackfillBody) -> BackfillView:
        """Have customers mirrored whom nobody has edited since the switch was turned on."""
        wanted = Wanted(body.bot_id, body.everyone)
        progress = await self._administration.backfill(connection, wanted, actor)
        return BackfillView.model_validate(progress)


def _place(cursor: str | None) -> ParkedPlace | None:
    match decode_cursor(cursor) if cursor is not None else ():
        case ():
            return None
        case (datetime() as at, str(customer_id), int(number)):
            return ParkedPlace(at, customer_id, number)
        case _:
            raise bad_cursor()
