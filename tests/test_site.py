"""The documentation site's reference is complete; .ci/run builds the site, with warnings as errors."""

import re

import nlgan_tf as nl
from helpers import ROOT


def test_the_reference_has_every_public_name_once():
    page = (ROOT / "docs" / "reference.md").read_text()
    named = re.findall(r"^\.\. auto(?:function|class|exception|module):: (?:nlgan_tf\.)?(\w+)$", page, re.MULTILINE)
    assert sorted(named) == nl.__all__
