"""Which webhooks a page sends: GET, POST and DELETE {page}/subscribed_apps.

Source: https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/
"""

from app.demo.graph.errors import GraphError
from app.demo.graph.pages import FIELDS, Page
from app.demo.world import Json


class Subscriptions:
    """`refused` are fields that this Meta does not know (yet), as older ones did not."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id
        self.refused: set[str] = set()

    def read(self, page: Page) -> Json:
        if page.subscribed is None:
            return {"data": []}
        app: Json = {"category": "Business", "link": "https://shop.example/", "name": "Hộp thư"}
        app |= {"id": self._app_id, "subscribed_fields": page.subscribed}
        return {"data": [app]}

    def write(self, page: Page, asked: Json) -> Json:
        """Raises GraphError: 100, a field is unknown; nothing is changed then."""
        wanted = asked.get("subscribed_fields", "")
        names = wanted if isinstance(wanted, list) else [one for one in wanted.split(",") if one]
        for place, name in enumerate(names):
            if name not in FIELDS or name in self.refused:
                known = ", ".join(FIELDS)
                text = (
                    f'Param subscribed_fields[{place}] must be one of {{{known}}} - got "{name}".'
                )
                raise GraphError(100, None, text)
        page.subscribed = names
        return {"success": True}

    def remove(self, page: Page) -> Json:
        page.subscribed = None
        return {"success": True}
