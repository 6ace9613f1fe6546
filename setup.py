"""The one step of the build that pyproject.toml has no words for: the catalogues of translations/."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithCatalogues(build_py):
    """Compiles the catalogues before the files of the package are gathered."""

    def run(self) -> None:
        """Build; an editable install needs the catalogues too."""
        runpy.run_path(str(ROOT / "translations" / "compile.py"), run_name="__main__")
        super().run()


setup(cmdclass={"build_py": BuildWithCatalogues})
