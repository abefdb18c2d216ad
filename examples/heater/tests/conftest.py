"""The project's own modules, plant.py and train.py, for its tests, from wherever they are run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
