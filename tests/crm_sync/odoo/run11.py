"""Starts Odoo 11 on Python 3.11: gives back names that newer Pythons dropped, then runs its
command line. Run by the interpreter of Odoo's own environment, never imported by a test.

Proven for JSON-RPC and the login page, which is what the tests use.
"""

import ast
import base64
import cgi
import collections
import collections.abc
import dis
import html
import importlib
import inspect
import re
from ast import Name as NameNode
from collections.abc import Callable, Iterable
from typing import Any

_ABSTRACT = (
    "ByteString Callable Container Generator Hashable ItemsView Iterable Iterator KeysView Mapping"
    " MappingView MutableMapping MutableSequence MutableSet Sequence Set Sized ValuesView"
)
_NEW_OPCODES = (
    "ASYNC_GEN_WRAP BINARY_OP BUILD_CONST_KEY_MAP BUILD_STRING CACHE CALL CALL_FUNCTION_EX"
    " CHECK_EXC_MATCH CONTAINS_OP COPY COPY_FREE_VARS DICT_MERGE DICT_UPDATE EXTENDED_ARG FOR_ITER"
    " FORMAT_VALUE GEN_START GET_ITER IS_OP JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT JUMP_FORWARD"
    " JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP KW_NAMES LIST_EXTEND LIST_TO_TUPLE"
    " LOAD_ASSERTION_ERROR LOAD_CLOSURE LOAD_DEREF LOAD_METHOD MAKE_CELL NOP"
    " POP_JUMP_BACKWARD_IF_FALSE"
    " POP_JUMP_BACKWARD_IF_NONE POP_JUMP_BACKWARD_IF_NOT_NONE POP_JUMP_BACKWARD_IF_TRUE"
    " POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE"
    " POP_JUMP_FORWARD_IF_TRUE PRECALL PUSH_EXC_INFO PUSH_NULL RERAISE RESUME RETURN_GENERATOR SEND"
    " SET_UPDATE STORE_DEREF SWAP YIELD_VALUE"
)
_NEW_CONSTANT_OPCODES = (
    "BUILD_CONST_KEY_MAP CACHE COPY DICT_MERGE DICT_UPDATE LIST_EXTEND LIST_TO_TUPLE NOP PRECALL"
    " PUSH_NULL RESUME SET_UPDATE SWAP"
)
_CONSTANTS = {"None": None, "True": True, "False": False}


def main() -> None:
    _restore_names()
    _restore_signatures()
    _allow_late_flags()
    _restore_syntax_trees()
    _allow_opcodes(importlib.import_module("odoo.tools.safe_eval"))
    importlib.import_module("odoo.cli").main()


def _restore_names() -> None:
    for name in _ABSTRACT.split():
        setattr(collections, name, getattr(collections.abc, name))
    setattr(base64, "encodestring", base64.encodebytes)  # noqa: B010 - unknown to types by now
    setattr(base64, "decodestring", base64.decodebytes)  # noqa: B010
    setattr(cgi, "escape", html.escape)  # noqa: B010


def _restore_signatures() -> None:
    ArgSpec = collections.namedtuple(  # noqa: PYI024 - what inspect once had
        "ArgSpec", "args varargs keywords defaults"
    )

    def getargspec(function: Callable[..., Any]) -> Any:
        return ArgSpec(*inspect.getfullargspec(function)[:4])

    def formatargspec(
        args: list[str],
        varargs: str | None = None,
        varkw: str | None = None,
        defaults: tuple[Any, ...] | None = None,
        *_rest: Any,
        formatvalue: Callable[[Any], str] = lambda value: f"={value!r}",
        **_more: Any,
    ) -> str:
        values = list(defaults or ())
        plain = len(args) - len(values)
        words = args[:plain]
        words += [
            f"{name}{formatvalue(value)}" for name, value in zip(args[plain:], values, strict=True)
        ]
        words += [f"*{varargs}"] if varargs else []
        words += [f"**{varkw}"] if varkw else []
        return f"({', '.join(words)})"

    vars(inspect).update(ArgSpec=ArgSpec, getargspec=getargspec, formatargspec=formatargspec)


def _allow_late_flags() -> None:
    """Flags within a pattern may only stand at its beginning since 3.11: make them arguments."""
    compile_now = re.compile
    late = compile_now(r"\(\?([aiLmsux]+)\)")

    def compile_late(pattern: Any, flags: Any = 0) -> Any:
        found = late.search(pattern) if isinstance(pattern, str) else None
        if found is not None and found.start() > 0:
            for letter in found[1]:
                flags |= getattr(re, letter.upper())
            pattern = pattern[: found.start()] + pattern[found.end() :]
        return compile_now(pattern, flags)

    vars(re)["compile"] = compile_late


def _restore_syntax_trees() -> None:
    """The templates of Odoo build syntax trees by hand, as they were in Python 3.5."""
    arguments_now, module_now = ast.arguments, ast.Module

    def arguments(*values: Any, **named: Any) -> ast.arguments:
        names = ("args", "vararg", "kwonlyargs", "kw_defaults", "kwarg", "defaults")
        named.update(zip(names, values, strict=False))
        named.setdefault("posonlyargs", [])
        return arguments_now(**named)

    def module(*values: Any, **named: Any) -> ast.Module:
        if values:
            named["body"] = values[0]
        named.setdefault("type_ignores", [])
        return module_now(**named)

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, NameNode)

    class Name(NameNode, metaclass=Kind):
        def __new__(cls, name: Any = None, context: Any = None, **named: Any) -> Any:
            if name in _CONSTANTS:
                return ast.Constant(_CONSTANTS[name])
            return NameNode(name, context or ast.Load(), **named)

    vars(ast).update(
        arguments=arguments, Module=module, Name=Name, fix_missing_locations=_fix_locations
    )


def _fix_locations(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if "lineno" in node._attributes:
            vars(node).update(lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)
    return tree


def _allow_opcodes(safe_eval: Any) -> None:
    """Its evaluator of small expressions lists the instructions that it lets through."""
    for name, more in (
        ("_CONST_OPCODES", _NEW_CONSTANT_OPCODES),
        ("_EXPR_OPCODES", _NEW_OPCODES),
        ("_SAFE_OPCODES", _NEW_OPCODES),
    ):
        known = getattr(safe_eval, name, None)
        if isinstance(known, set):
            known.update(_numbers(more.split()))


def _numbers(names: Iterable[str]) -> set[int]:
    return {dis.opmap[name] for name in names if name in dis.opmap}


if __name__ == "__main__":
    main()
