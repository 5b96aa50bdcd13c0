"""Settings of the documentation site; CONTRIBUTING.md has the command that builds the site.

The source folder is the repository, so the pages' own links lead from page to page, and no page is copied.
"""

import sys
from pathlib import Path

from sphinx.util.inspect import signature, stringify_signature

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # The reference is this checkout's.

import nlgan_tf
from nlgan_tf.config import options

project = "nlgan_tf"
author = "The nlgan_tf developers"
release = nlgan_tf.__version__

root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "export/*.md", "notebooks/*.ipynb", "results/**.md"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
nb_execution_mode = "off"

default_role = "code"
smartquotes = False  # --option is no dash
add_module_names = False
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
napoleon_numpy_docstring = False
python_maximum_signature_line_length = 100

html_theme = "furo"
html_title = "nlgan_tf"
html_additional_pages = {"index": "start.html"}
html_show_copyright = html_show_sourcelink = html_copy_source = False
templates_path = ["_templates"]


def setup(app) -> None:
    """Connects what autodoc cannot know of this package; options come before napoleon reads the docstring."""
    app.connect("autodoc-process-docstring", add_options, priority=400)
    app.connect("autodoc-process-signature", sign_by_init)


def add_options(app, what, name, obj, settings, lines) -> None:
    """Adds the meaning of each setting to a configuration's docstring."""
    if what == "class" and hasattr(obj, "__dataclass_fields__") and (found := options(obj)):
        lines += ["", "Args:", *(f"    {field}: {its_option.doc}." for field, its_option in found.items())]


def sign_by_init(app, what, name, obj, settings, arguments, returned):
    """Returns the signature of `__init__` where `__new__` of Keras hides the arguments; else None, autodoc's own."""
    if arguments == "(*args, **kwargs)":
        return stringify_signature(signature(obj.__init__, bound_method=True), unqualified_typehints=True), None
    return None
