"""The page in a real browser: Debian's chromium without a screen, driven by selenium, judged by axe-core."""

import shutil
import subprocess
import tarfile

import pytest

from nlgan_tf.pipeline.report.page import write_report

webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium: the extra dev has it")
PROGRAMS = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
AXE = "axe-core@4.14.1"
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(None in PROGRAMS.values(), reason="no browser: apt-get install chromium chromium-driver"),
]


@pytest.fixture(scope="module")
def address(judged_run, tmp_path_factory) -> str:
    return write_report(judged_run, tmp_path_factory.mktemp("page") / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = PROGRAMS["chromium"]
    # Without its sandbox, as root in a container; without /dev/shm, which a container has little of.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(PROGRAMS["chromedriver"])
    with webdriver.Chrome(options=options, service=service) as driver:
        yield driver


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    """axe-core's JavaScript, from npm."""
    if (npm := shutil.which("npm")) is None:
        pytest.skip("no npm, which brings axe-core")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run([npm, "pack", AXE, "--silent"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm has no {AXE} here: {done.stderr.strip()[-200:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        return package.extractfile("package/axe.min.js").read().decode()


@pytest.fixture(params=["light", "dark"])
def scheme(request) -> str:
    return request.param


@pytest.fixture(params=list(WIDTHS))
def opened(browser, address, scheme, request):
    """The browser with the page on a screen of this size and scheme."""
    width, height = WIDTHS[request.param]
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": request.param == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(address)
    return browser


def test_the_page_opens_whole_and_fits_the_screen(opened, scheme):
    assert opened.get_log("browser") == []
    width, screen = opened.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= screen
    broken = "return [...document.images].filter(image => !image.complete || !image.naturalWidth).length"
    assert opened.execute_script(broken) == 0
    ground = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_what_to_do_next_is_on_the_first_screen(opened):
    script = "return document.querySelector('.next').getBoundingClientRect().bottom <= innerHeight"
    assert opened.execute_script(script)


def test_axe_finds_no_violation(opened, axe):
    opened.execute_script(axe)
    found = opened.execute_async_script("const done = arguments[0]; axe.run().then(result => done(result.violations))")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
