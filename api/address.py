"""Where the API lies below the app's own address."""

from typing import Final

PATH: Final = "/api/v1"
