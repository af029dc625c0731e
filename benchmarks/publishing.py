"""Where the tables of the benchmarks go: to whoever waits, under build/, and into the README."""

import json
from typing import Any

from benchmarks.measuring import HERE


def publish(name: str, text: str, *, into_readme: bool = False, data: Any = None) -> None:
    """Print the result and keep it as `build/bench/<name>.md`, and `data` as JSON beside it.

    In benchmarks/README.md it stands between the marks `<!-- <name> -->` and its end.
    """
    print(text)
    build = HERE.parent / "build" / "bench"
    build.mkdir(parents=True, exist_ok=True)
    (build / f"{name}.md").write_text(text)
    if data is not None:
        (build / f"{name}.json").write_text(json.dumps(data, indent=1))
    if into_readme:
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        readme = HERE / "README.md"
        before, _, rest = readme.read_text().partition(begin)
        after = rest.partition(end)[2]
        readme.write_text(f"{before}{begin}\n{text}\n{end}{after}")
