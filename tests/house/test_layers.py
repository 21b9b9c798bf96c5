"""Who may import whom: the layers of the house (pyproject.toml), concrete stores, and other people's packages."""

from __future__ import annotations

import sys
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]

ROOMS_OF: dict[str, set[str]] = {
    "aiosmtplib": {"deliver"},
    "argon2": {"access"},
    "authlib": {"access"},
    "anyio": {"web"},
    "babel": {"deliver", "report", "render", "web"},
    "bidi": {"render"},
    "click": {"cli"},
    "cronsim": {"deliver"},
    "css_inline": {"deliver"},
    "fastapi": {"web"},
    "httpx": {"access", "deliver", "web"},
    "idna": {"deliver"},
    "jinja2": {"deliver", "web"},
    "joserfc": {"access"},
    "markupsafe": {"web"},
    "prometheus_client": {"web"},
    "psycopg": {"store"},
    "psycopg_pool": {"store"},
    "pydantic": {"settings", "web"},
    "pydantic_settings": {"settings"},
    "pyarrow": {"render"},
    "pyotp": {"access"},
    "re2": {"masking"},
    "reportlab": {"render"},
    "resvg_py": {"render"},
    "segno": {"web"},
    "sqlite3": {"store"},
    "starlette": {"web"},
    "structlog": {"web"},
    "uharfbuzz": {"render"},
    "uvicorn": {"web"},
    "wcwidth": {"render", "cli"},
    "xlsxwriter": {"render"},
    "zstandard": {"ingest", "store"},
}
"""Other people's packages, each with the rooms that may import it; msgspec is the language of the whole house."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("trailbook", include_external_packages=True, cache_dir=None)


def room(module: str) -> str:
    """The room (or top file) of a module: `store` of `trailbook.store.sqlite.schema`."""
    return module.split(".")[1] if "." in module else module


def test_the_contracts_of_the_house_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert not broken, capsys.readouterr().out


def test_each_foreign_package_stays_in_its_rooms(graph: grimp.ImportGraph) -> None:
    foreign = {
        name
        for name in graph.modules
        if graph.is_module_squashed(name) and (name in ROOMS_OF or name not in sys.stdlib_module_names)
    }
    assert foreign - {"msgspec"} <= set(ROOMS_OF), "a package that no room has been given to"
    strangers = {
        f"{importer} imports {name}"
        for name in foreign - {"msgspec"}
        for importer in graph.find_modules_that_directly_import(name)
        if room(importer) not in ROOMS_OF[name]
    }
    assert strangers == set()


def test_only_the_wiring_names_a_concrete_store(graph: grimp.ImportGraph) -> None:
    strangers = {
        f"{importer} imports {store}"
        for store in graph.modules
        if store.startswith(("trailbook.store.sqlite", "trailbook.store.memory"))
        for importer in graph.find_modules_that_directly_import(store)
        if room(importer) not in {"store", "wiring"}
    }
    assert strangers == set()


def test_renderers_know_neither_each_other_nor_the_store(graph: grimp.ImportGraph) -> None:
    renderers = {
        f"trailbook.render.{name}" for name in ("table", "csv", "jsonl", "json", "xlsx", "parquet", "html")
    } & graph.modules
    assert renderers
    strangers = {
        f"{module} imports {imported}"
        for module in graph.modules
        if room(module) == "render"
        for imported in graph.find_modules_directly_imported_by(module)
        if room(imported) == "store" or (module in renderers and imported in renderers)
    }
    assert strangers == set()
