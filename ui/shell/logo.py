"""The app's mark: a hexagonal cell around a lit one, as inline SVG."""

from typing import Final

_CELLS: Final = (
    '<path d="M16 3 26.4 9v12L16 27 5.6 21V9z" fill="none" stroke="#2a86a3" stroke-width="2.6"/>'
    '<path d="M16 9.6 20.7 12.3v5.4L16 20.4 11.3 17.7v-5.4z" fill="#2a86a3"/>'
)
_NAME: Final = (
    '<text x="37" y="22" font-family="Source Sans, Segoe UI, sans-serif" font-size="21" '
    'font-weight="600" fill="#2a86a3" letter-spacing="0.4">Aether</text>'
)


def _svg(width: int, content: str) -> str:
    size = f'viewBox="0 0 {width} 30" width="{width}" height="30"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{content}</svg>'


MARK: Final = _svg(32, _CELLS)
WORDMARK: Final = _svg(124, _CELLS + _NAME)
