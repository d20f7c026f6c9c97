"""Chromium, and in it the kernel of a build of JupyterLite: cells go in, outputs come out."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.layout import Refused, tags

START = 180_000  # milliseconds until the kernel answers
FLAGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
FLAGS += " --disable-sync --no-first-run"
# The session that the opened notebook has started, once its kernel answers.
CONNECT = """async () => {
  const { sessions } = window.jupyterapp.serviceManager;
  let model;
  while (!(model = [...sessions.running()][0]))
    await new Promise(later => setTimeout(later, 200));
  window.session = sessions.connectTo({ model });
  await window.session.kernel.info;
}"""
RUN = """async code => {
  const outputs = [];
  const future = window.session.kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    const type = header.msg_type;
    if (["stream", "display_data", "execute_result", "error"].includes(type))
      outputs.push({ output_type: type, ...content });
  };
  await future.done;
  return outputs;
}"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, with the types that a browser insists on, and no log."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".wasm": "application/wasm",
        ".mjs": "text/javascript",
    }

    def log_message(self, *_):
        """Say nothing."""


class Browser:
    """A browser at a folder that is served on this machine; `asked` holds foreign addresses."""

    def __init__(self, folder: Path):
        if not (folder / "index.html").is_file():
            raise Refused(f"no {folder.name} is built: run `make lite`")
        if not (chromium := os.environ.get("CHROMIUM") or shutil.which("chromium")):
            raise Refused("no chromium on this machine: install it, or name it in CHROMIUM")
        self.folder, self.chromium, self.asked = folder, chromium, []

    def __enter__(self):
        """Start server and browser."""
        from playwright.sync_api import sync_playwright  # here, since only who builds this has it

        handler = functools.partial(Handler, directory=self.folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.playwright = sync_playwright().start()
        self.chrome = self.playwright.chromium.launch(
            executable_path=self.chromium, args=FLAGS.split()
        )
        return self

    def __exit__(self, *_):
        """End both."""
        self.chrome.close()
        self.playwright.stop()
        self.server.shutdown()
        self.server.server_close()

    def open(self, path: str) -> None:
        """Open a notebook in a new page, with a new kernel, and wait until this answers."""
        for context in self.chrome.contexts:
            context.close()
        self.page = self.chrome.new_context().new_page()
        self.page.on("request", self._note)
        self.page.goto(f"{self.address}/notebooks/index.html?path={path}")
        self.page.wait_for_function("window.jupyterapp !== undefined", timeout=START)
        self.page.evaluate(CONNECT)

    def _note(self, request):
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.asked.append(request.url)

    def run(self, code: str) -> list[dict]:
        """Run a cell; return its outputs."""
        return self.page.evaluate(RUN, code)


def differences(cell: NotebookNode, outputs: list[dict]) -> str:
    """Say what differs from a stored cell: errors, texts, the number of pictures; "" if nothing."""
    for output in outputs:
        if output["output_type"] == "error":
            return f"{output['ename']}: {output['evalue']}"
    if "nbval-ignore-output" in tags(cell):
        return ""
    (expected, images), (found, drawn) = _shown(cell.outputs), _shown(outputs)
    if images != drawn:
        return f"{drawn} pictures, expected {images}"
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            return f"{name} {found.get(name)!r:.80}, expected {expected.get(name)!r:.80}"
    return ""


def _shown(outputs):
    """Return the text of each stream and of each result, and how many pictures there are."""
    texts: dict[str, str] = {}
    images = 0
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            images += 1
        elif "text" in output:
            texts[output["name"]] = texts.get(output["name"], "") + output["text"]
        elif "text/plain" in data:
            texts["result"] = texts.get("result", "") + data["text/plain"]
    return texts, images
