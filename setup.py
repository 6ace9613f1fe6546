"""What pyproject.toml has no words for: the catalogues of translations/, and archives of the same bytes.

Who builds, where, when and with which umask leaves no trace: a release can be built anew and compared.
"""

import gzip
import os
import runpy
import tarfile
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
EPOCH_S = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))  # 1980, the first year of a wheel
DATE = (1980, 1, 1, 0, 0, 0)


class BuildWithCatalogues(build_py):
    """Compiles the catalogues before the files of the package are gathered."""

    def run(self) -> None:
        """Build; an editable install needs the catalogues too."""
        runpy.run_path(str(ROOT / "translations" / "compile.py"), run_name="__main__")
        super().run()


class SameSourceArchive(sdist):
    """Makes a source archive whose bytes follow from the files alone."""

    def make_archive(self, *words: object, **more: object) -> str:
        """Make it, and then anew: in order, with one date and nobody's name."""
        made = Path(super().make_archive(*words, **more))
        with tarfile.open(made) as archive:
            held = [
                (one, archive.extractfile(one).read() if one.isfile() else b"")
                for one in archive.getmembers()
            ]
        draft = made.with_name(f"{made.name}.same")
        with (
            draft.open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=EPOCH_S) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for one, data in sorted(held, key=lambda pair: pair[0].name):
                archive.addfile(_same(one), BytesIO(data))
        draft.replace(made)
        return str(made)


class SameWheel(bdist_wheel):
    """Makes a wheel whose bytes follow from the files alone."""

    def run(self) -> None:
        """Make it, and then anew: in order, with one date and one mode."""
        super().run()
        for _, _, name in self.distribution.dist_files:
            made = Path(name)
            with ZipFile(made) as archive:
                held = {one: archive.read(one) for one in archive.namelist()}
            draft = made.with_name(f"{made.name}.same")
            with ZipFile(draft, "w", ZIP_DEFLATED) as archive:
                for one in sorted(
                    held, key=lambda one: (".dist-info/" in one, one)
                ):  # its own facts come last
                    entry = ZipInfo(one, DATE)
                    entry.external_attr, entry.compress_type = 0o100644 << 16, ZIP_DEFLATED
                    archive.writestr(entry, held[one])
            draft.replace(made)


def _same(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime, member.uid, member.gid, member.uname, member.gname = EPOCH_S, 0, 0, "", ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    member.pax_headers = {}
    return member


setup(cmdclass={"build_py": BuildWithCatalogues, "sdist": SameSourceArchive, "bdist_wheel": SameWheel})
