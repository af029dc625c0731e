"""`crm check|backfill|reconcile|parked`: the CRM mirror from the command line."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from app.wiring import Service
from crm_sync.administering.service import Administration
from crm_sync.backfilling.model import Wanted
from crm_sync.cards.reasons import of_connection, of_parked
from crm_sync.connectors.errors import CrmError
from crm_sync.mirroring.model import ParkedClass
from crm_sync.reconciling.model import Report

Echo = Callable[[str], None]
Connection = Annotated[str | None, typer.Option(help="only this one of the configuration")]
_PAGE = 200


class CrmCommand:
    """Says what it finds, a line each; `failed` when a person has to do something."""

    def __init__(self, service: Service, echo: Echo, connection: str | None) -> None:
        self._administration: Administration = service.crm.administration
        self._start = service.crm.start
        self._echo = echo
        self._only = connection
        self.failed = False

    async def check(self) -> None:
        """Credentials and mapping of every connection, asked of the CRM itself."""

        async def look(name: str) -> None:
            finding = await self._administration.check(name, None)
            if finding.error is not None:
                self._fail(f"✗ {name}: {finding.error}")
                return
            self._echo(f"✓ {name}: kết nối tốt. / it answers.")
            for one in finding.off:
                self._fail(f"✗ {name}: {one.reason.vi} / {one.reason.en}")

        await self._each(look)

    async def backfill(self, bot_id: str | None, *, everyone: bool) -> None:
        """Ask for a back-fill; the running service does it, a few customers at a time."""

        async def ask(name: str) -> None:
            await self._administration.backfill(name, Wanted(bot_id, everyone), None)
            self._echo(f"✓ {name}: đã ghi nhận, dịch vụ đang chạy sẽ đồng bộ dần. / asked for.")

        await self._each(ask)

    async def reconcile(self) -> None:
        """Compare both sides now, and repair what little differs."""

        async def compare(name: str) -> None:
            try:
                self._tell(name, await self._administration.reconcile(name))
            except CrmError as error:
                self._fail(f"✗ {name}: {error.code}")

        await self._each(compare)

    async def parked(self, kind: ParkedClass | None, *, replay: bool) -> None:
        """List what nobody tries any more, or have it tried again with the values of now."""

        async def show(name: str) -> None:
            if replay:
                count = await self._administration.replay(name, kind, None)
                self._echo(f"✓ {name}: thử lại {count} khách hàng. / {count} are tried again.")
                return
            await self._list(name, kind)

        await self._each(show)

    async def _list(self, name: str, kind: ParkedClass | None) -> None:
        overview = await self._administration.overview(name)
        if (why := of_connection(overview.connection)) is not None:
            self._fail(f"✗ {name}: {why.vi} / {why.en}")
        page = await self._administration.parked(name, kind, after=None, limit=_PAGE)
        while True:
            for row in page.rows:
                why, fields = of_parked(row.parked), ", ".join(row.parked.fields)
                told = f"{row.parked.at:%Y-%m-%d %H:%M} {row.customer_id} {row.parked.kind}"
                self._fail(f"! {name}: {told} {fields} {why.vi} / {why.en}")
            if page.next is None:
                return
            page = await self._administration.parked(name, kind, after=page.next, limit=_PAGE)

    def _tell(self, name: str, report: Report) -> None:
        told = (
            f"{report.compared} so sánh / compared, {report.differing} khác / differing, "
            f"{report.missing} thiếu / missing, {report.linked_twice} trùng / linked twice, "
            f"{report.unlinked} chưa có / unlinked, {report.repaired} sửa / repaired"
        )
        if report.stopped:
            self._fail(f"✗ {name}: {told}. Lệch quá nhiều, không sửa gì. / Too much, left alone.")
        else:
            self._echo(f"✓ {name}: {told}")

    async def _each(self, work: Callable[[str], Awaitable[None]]) -> None:
        await self._start()
        names = self._administration.names if self._only is None else [self._only]
        if not names:
            self._echo("Chưa cấu hình CRM nào. / No CRM is configured.")
        for name in names:
            await work(name)

    def _fail(self, line: str) -> None:
        self.failed = True
        self._echo(line)
