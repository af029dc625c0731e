"""From what somebody drafts to a configuration that could be saved, checked like a saved one."""

from dataclasses import replace

from inbox.errors import FieldError, FieldErrors
from inbox.splitting.model import Rule, SplitConfig
from inbox.splitting.rehearsal.view import DraftRuleBody, RehearsalBody
from inbox.splitting.settings_checks import Known, rule_from_body, settings_after, wrong
from inbox.splitting.store import LAST
from inbox.splitting.view import MOST_RULES


def drafted(stored: SplitConfig, body: RehearsalBody, known: Known) -> SplitConfig:
    """The stored configuration with the draft in its place.

    Raises:
        InvalidInput: as saving would, with the paths of the draft ("rules.0.pool").
    """
    errors = FieldErrors()
    config = stored
    if body.settings is not None:
        found = FieldErrors()
        config = settings_after(stored, body.settings, known, found)
        _add(errors, found, "settings")
    if body.rules is not None:
        config = replace(config, rules=_rules(stored, body.rules, known, errors))
    errors.raise_if_any()
    return config


def _rules(
    stored: SplitConfig, bodies: list[DraftRuleBody], known: Known, errors: FieldErrors
) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    seen: set[str] = set()
    for place, body in enumerate(bodies):
        found = FieldErrors()
        id_ = body.id or f"draft-{place + 1}"
        if id_ in seen:
            wrong(found, "id", "twice")
        seen.add(id_)
        catch_all = body.when is None and place == len(bodies) - 1
        rule = rule_from_body(stored.bot_id, id_, body, known, found, catch_all=catch_all)
        _add(errors, found, f"rules.{place}")
        if rule is not None:
            rules.append(replace(rule, position=LAST if catch_all else place + 1))
    if sum(body.when is not None for body in bodies) > MOST_RULES:
        wrong(errors, "rules", "too_many_rules")
    if all(rule.when is not None for rule in rules):
        rules += [rule for rule in stored.rules if rule.when is None]
    return tuple(rules)


def _add(errors: FieldErrors, found: FieldErrors, path: str) -> None:
    errors.errors += [
        FieldError(f"{path}.{one.field}", one.code, vi=one.vi, en=one.en) for one in found.errors
    ]
