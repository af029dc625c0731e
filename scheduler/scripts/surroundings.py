"""What stands around a script: the bot's settings and channels, tags, files, what channels take."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from inbox.clock import Clock
from inbox.conversations.files import outgoing_file
from inbox.conversations.model import Channel
from inbox.errors import FieldErrors, NotFound
from inbox.media.model import Upload
from inbox.media.uploads import UploadNotFound, Uploads
from inbox.mongo.client import Mongo, Session
from inbox.ports import Button, Draft, Messenger, SendRefused
from inbox.splitting.model import SplitConfig
from inbox.splitting.store import SplitStore
from scheduler.scripts.checking import Known
from scheduler.scripts.foreseeing import Foreseen, foreseen, warning
from scheduler.scripts.model import Content, Script, Step
from scheduler.scripts.store import ScriptStore
from scheduler.scripts.view import StepBody, StopsBody, TriggerBody
from scheduler.scripts.wording import wrong


@dataclass(frozen=True, slots=True)
class Written:
    """A script with what will not work as it is written, and the files that it sends."""

    script: Script
    warnings: tuple[Foreseen, ...]
    files: tuple[Upload, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What a script names, so that it is looked up at once."""

    steps: Collection[StepBody] = ()
    stops: StopsBody = field(default_factory=StopsBody)
    triggers: Collection[TriggerBody] = ()

    @property
    def tags(self) -> set[str]:
        tags = {*self.stops.tags_added, *self.stops.tags_removed}
        return tags.union(*(one.tag_ids or () for one in self.triggers))

    @property
    def uploads(self) -> set[str]:
        return {id_ for step in self.steps for id_ in step.content.upload_ids}


class Surroundings:
    """Reads what scripts are checked against. `messengers` say what their channels take."""

    def __init__(
        self,
        mongo: Mongo,
        uploads: Uploads,
        messengers: Mapping[Channel, Messenger],
        clock: Clock,
    ) -> None:
        self._uploads = uploads
        self._messengers = messengers
        self._clock = clock
        self._split = SplitStore(mongo)
        self._store = ScriptStore(mongo)

    async def settings(self, bot_id: str, session: Session | None = None) -> SplitConfig:
        """The time zone and the holidays of a bot. Raises NotFound."""
        config = await self._split.config(bot_id, session=session)
        if config is None:
            raise NotFound
        return config

    async def written(self, script: Script) -> Written:
        """A script with its warnings and files."""
        settings = await self.settings(script.bot_id)
        channels = await self._store.channels(script.bot_id)
        ids = dict.fromkeys(id_ for step in script.steps for id_ in step.content.upload_ids)
        files = await self._files(ids)
        warnings = foreseen(script, channels, self._clock.now(), settings.time_zone)
        warnings += self._refusals(script.steps, channels, files)
        warnings.sort(key=lambda one: one.place)
        return Written(script, tuple(warnings), tuple(files.values()))

    async def known(
        self, before: Script, named: Named, time_zone: str, session: Session | None
    ) -> Known:
        files = await self._files(named.uploads)
        return Known(
            time_zone,
            await self._store.channels(before.bot_id, session=session),
            frozenset(await self._store.tags(named.tags, session=session)),
            await self._store.date_attributes(session=session),
            frozenset(files),
            frozenset(step.id for step in before.steps),
        )

    async def _files(self, ids: Collection[str]) -> dict[str, Upload]:
        """Those that exist, by their ids."""
        found = {}
        for id_ in ids:
            try:
                found[id_] = await self._uploads.get(id_)
            except UploadNotFound:
                continue
        return found

    def _refusals(
        self, steps: Collection[Step], channels: Collection[Channel], files: Mapping[str, Upload]
    ) -> list[Foreseen]:
        """What channels say that they do not take, of the steps that are sent."""
        found = []
        for place, step in enumerate(steps):
            if not step.enabled or step.content.is_empty:
                continue
            draft = self._draft(step.content, files)
            for channel in sorted(channels):
                messenger = self._messengers.get(channel)
                if messenger is None:
                    continue
                try:
                    messenger.plan(draft)
                except SendRefused as error:
                    params = {"vi": error.vi, "en": error.en}
                    found.append(warning(place, "channel_refuses", channel, **params))
        return found

    async def refuse_unsendable(
        self, script: Script, channels: frozenset[Channel], errors: FieldErrors
    ) -> None:
        """What none of the bot's channels takes would never be sent."""
        ids = {id_ for step in script.steps for id_ in step.content.upload_ids}
        refusals = self._refusals(script.steps, channels, await self._files(ids))
        for place in dict.fromkeys(one.place for one in refusals):
            said = [one for one in refusals if one.place == place]
            if len(said) == len(channels):
                params = {"vi": said[0].vi, "en": said[0].en}
                wrong(errors, f"steps.{place}.content", "no_channel_takes_it", **params)

    def _draft(self, content: Content, files: Mapping[str, Upload]) -> Draft:
        present = (files[id_] for id_ in content.upload_ids if id_ in files)
        return Draft(
            content.text,
            tuple(outgoing_file(self._uploads, upload) for upload in present),
            tuple(Button(**one) for one in content.quick_replies),
            tuple(Button(**one) for one in content.buttons),
        )
