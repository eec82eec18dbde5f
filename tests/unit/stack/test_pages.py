"""The pages of `docs/` that are made from the code are current, and explain everything."""

import pytest

from pipeline_defs.producer_keys import KEYS as PRODUCER_KEYS
from pipeline_defs.settings import Settings as PipelineSettings
from spark.consumer_keys import KEYS as CONSUMER_KEYS
from stack.embedded_api.faults import Kind
from stack.pages import FOLDER, PAGES
from stack.settings import Settings
from stack.settings_page import allowed, render


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str):
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), f"`make docs` writes docs/{name} anew"


def test_every_kind_of_fault_has_a_line():
    page = (FOLDER / "api-failures.md").read_text(encoding="utf-8")
    assert not [kind for kind in Kind if f"| `{kind}` |" not in page]


def test_every_setting_says_what_it_is():
    assert all(field.description for model in (Settings, PipelineSettings) for field in model.model_fields.values())
    assert all(key.explanation for key in (*PRODUCER_KEYS, *CONSUMER_KEYS))


def test_every_setting_has_a_line():
    names = [f"PIPELINE_{name.upper()}" for name in Settings.model_fields]
    names += [name.upper() for name, field in PipelineSettings.model_fields.items() if not field.exclude]
    names += [key.name for key in (*PRODUCER_KEYS, *CONSUMER_KEYS)]
    assert not [name for name in names if f"| `{name}` |" not in render()]


def test_what_is_allowed_is_said_by_the_check_itself():
    [retries] = [key for key in PRODUCER_KEYS if key.name == "retries"]
    assert allowed(retries.check) == "a whole number from 1 to 2147483647"
