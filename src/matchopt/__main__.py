"""``python -m matchopt`` is the command ``matchopt``."""

from matchopt.cli import main

if __name__ == "__main__":
    main()
