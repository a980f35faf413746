"""What every end-to-end test has: a network of its own, the stubs, and a platform to start and kill."""

import own_network

own_network.enter()

import pytest  # noqa: E402
import stubs  # noqa: E402

STUBS = stubs.on_the_path()

from running_standalone import Standalone  # noqa: E402


# With options of the process: @pytest.mark.parametrize("platform", [("--option", "value")], indirect=True)
@pytest.fixture(name="platform")
def running_platform(request, tmp_path):
    platform = Standalone(tmp_path, options=getattr(request, "param", ()))
    try:
        yield platform.start()
        platform.stop()
    finally:
        platform.kill()


@pytest.fixture(name="kafka", scope="module")
def one_broker(tmp_path_factory):
    from running_kafka import start

    with start(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture(name="start")
def starter(tmp_path, kafka):
    """Starts a platform of a region of its own, so that each test has topics of its own."""
    started = []

    def start(region, *options):
        platform = Standalone(tmp_path, options=("--region", region, "--kafka-brokers", kafka.bootstrap, *options))
        started.append(platform)
        return platform.start()

    yield start
    for platform in started:
        platform.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    platform = getattr(item, "funcargs", {}).get("platform")
    if report.failed and platform is not None:
        report.sections.append(("log of standalone", platform.log()[-8000:]))
    return report


@pytest.fixture(name="stub_path")
def path_of_stubs():
    return [str(STUBS)]
