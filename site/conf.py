"""Settings of Sphinx for the website. `python -m tools.site` stages the pages and builds them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.lib.layout import ROOT, repository
from tools.lib.layout import project as read_project
from tools.lib.layout import release as read_release
from tools.lite import tried

address = repository()

project = "A neural network from scratch"
author = "the contributors of the course"
copyright = "the contributors, MIT licence"
version = release = read_project()["version"]
language = "en"

extensions = ["myst_nb", "tools.lib.site_sphinx"]
root_doc = "index"
templates_path = ["templates"]
exclude_patterns = ["_*"]
nb_execution_mode = "off"  # the outputs are the stored ones
nb_code_prompt_show = "The setup cell"  # the only one that is folded
nb_code_prompt_hide = "The setup cell"
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4
# A notebook may go from # to ###, and two modules may each have a class of the same name.
suppress_warnings = ["myst.header", "ref.python"]
smartquotes_action = "qe"  # quotes and dots, but no dashes: --json is an option
highlight_language = "none"  # of blocks that name none: tables as text, not Python
add_module_names = False
toc_object_entries_show_parents = "hide"

# MathJax lies beside the pages. Speech and braille would ask for a worker, which is not shipped.
mathjax_path = "mathjax/tex-chtml.js"
mathjax4_config = {
    "loader": {"load": ["a11y/assistive-mml"]},
    "output": {"fontPath": "[mathjax]/font"},
    "options": {
        "enableSpeech": False,
        "enableBraille": False,
        "enableEnrichment": False,
        "enableAssistiveMml": True,
        "enableMenu": False,
        "menuOptions": {"settings": {"enrich": False, "speech": False, "braille": False}},
    },
}

html_theme = "sphinx_book_theme"
html_title = project
html_context = {"default_mode": "auto"}
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which a page from a file may not do
html_theme_options = {
    "use_download_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "max_navbar_depth": 1,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
if address:
    html_theme_options |= {
        "repository_url": address,
        "repository_branch": read_release(),
        "use_repository_button": True,
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }
if address and tried(ROOT):  # the kernel in the browser: see tools/lite.py
    html_theme_options["launch_buttons"]["jupyterlite_url"] = "../lite/notebooks/index.html"
course_address = address
