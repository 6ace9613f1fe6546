import ssl
from pathlib import Path

import pytest

from smsctl.domain.gateway import Options

from .certificates import server_context
from .line import QUICK


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return server_context(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(tls: tuple[ssl.SSLContext, Path]) -> Options:
    return QUICK._replace(ca_bundle=tls[1])
