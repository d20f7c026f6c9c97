"""List the commands: `python -m tools`."""

from tools.lib.readme import commands

if __name__ == "__main__":
    for name, line in commands().items():
        print(f"python -m tools.{name:10} {line}")
