"""Those who are in a run's rooms."""

from tests.chaos.client import Client
from tests.chaos.reader import Reader

Viewer = Client | Reader
