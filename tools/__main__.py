"""What make does, where there is none: `python -m tools run`, test, check, learner, progress, lab.

What stands after the command goes to its tool: `python -m tools run --stage 6 tracks.csv`. The
environment is made first, in the folder that make takes. Without a command, it lists all.
"""

import os
import subprocess
import sys


def main(words):
    """Run a command's steps, up to one that fails; its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036, since nothing has looked yet
        print("Python 3.11 or newer is needed, this is " + sys.version.split()[0], file=sys.stderr)
        return 1
    from tools.lib import environments, steps  # here, since an older Python cannot read them

    if not words or words[0] not in steps.STEPS:
        for name in steps.STEPS:
            print(f"python -m tools {name}")
        for name, line in steps.commands().items():
            print(f"python -m tools.{name:12} {line}")
        return 2 if words else 0
    command, *rest = words
    need, modules = steps.STEPS[command]
    if rest and len(modules) > 1:
        print(f"python -m tools {command} takes no more words, given {rest}", file=sys.stderr)
        return 2
    folder = environments.ROOT / ".venv" / f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        python = environments.install(folder, sys.executable, need)
    except environments.NotInstalled as error:
        print(f"Installing needs the network, this once. {error}", file=sys.stderr)
        return 1
    for module in modules:
        step = [python, "-m", *module.split(), *rest]
        environment = steps.settings(command, dict(os.environ))
        code = subprocess.run(step, cwd=environments.ROOT, env=environment).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
