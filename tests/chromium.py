"""The Chromium of this machine, for tests that look at pages; they are left out without one."""

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
