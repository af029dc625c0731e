"""The sidebar's block of timed scripts."""

from inbox.panels import PanelContext, PanelOff
from scheduler.enrolments.service import Enrolments
from scheduler.enrolments.view import ScriptsBlock


class ScriptsPanel:
    """What can be attached, what runs, and what is to come."""

    name = "scripts"

    def __init__(self, enrolments: Enrolments) -> None:
        self._enrolments = enrolments

    async def show(self, context: PanelContext) -> ScriptsBlock:
        if context.customer is None:
            raise PanelOff(
                "no_customer",
                vi="Cuộc trò chuyện này chưa gắn với khách hàng nào.",
                en="Nobody knows yet who this conversation is with.",
            )
        return await self._enrolments.block(
            dict(context.conversation), dict(context.customer), context.actor
        )
