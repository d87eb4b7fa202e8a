"""``python -m core VERB``: see :mod:`core.cli.options`."""

import sys

from core.cli.options import main

if __name__ == "__main__":
    sys.exit(main())
