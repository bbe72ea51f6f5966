"""The page that explore writes: its numbers, its errors, and how it behaves in a browser."""

import base64
import json
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from javascript import needs_node, run_in_node
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    explore,
)
from skautoencoder.explorer import contents as contents_module
from skautoencoder.explorer.contents import packed, packed_decoder, packed_head
from skautoencoder.explorer.page import SCRIPTS, asset
from skautoencoder.network.activations import ACTIVATIONS

TINY = {"hidden_layer_sizes": (6,), "max_iter": 1, "random_state": 0}


@pytest.fixture
def X(rng):
    """Rows whose features lie far from 0, at different scales."""
    return rng.normal(size=(40, 5)) * [1, 2, 3, 4, 5] + [10, 0, -10, 0, 5]


@pytest.fixture
def autoencoder(X):
    return AutoencoderTransformer(3, **TINY).fit(X)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "explorer.html"


def unpack(array):
    values = np.frombuffer(base64.b64decode(array["base64"]), array["dtype"])
    return values.reshape(array["shape"])


class ContentsParser(HTMLParser):
    """Collects the tags of a page, and the text of its scripts."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.scripts = [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(text)


def contents_of(path):
    return json.loads(ContentsParser(path).scripts[0])


def values_of(layer, inputs):
    values = inputs @ unpack(layer["weights"]).astype(float) + unpack(layer["bias"])
    if "activation" in layer:
        ACTIVATIONS[layer["activation"]].function(values)
    return values


def decode(decoder, codes):
    """What the embedded numbers make of codes, where a path is added after the output."""
    values = codes.astype(float)
    for layer in decoder["layers"]:
        values = values_of(layer, values)
    if decoder["skip"]:
        values += values_of(decoder["skip"], codes)
    return values * unpack(decoder["scale"]) + unpack(decoder["shift"])


# ---- Contents ------------------------------------------------------------------------------


def test_the_embedded_decoder_is_the_estimators(autoencoder, X, path):
    contents = contents_of(explore(autoencoder, X, path))
    codes = unpack(contents["codes"])
    assert contents["decoder"]["skip"]
    np.testing.assert_array_equal(codes, autoencoder.transform(X))
    expected = autoencoder.inverse_transform(codes)
    error = np.abs(decode(contents["decoder"], codes) - expected)
    assert np.all(error <= 1e-5 * X.std(axis=0))


def test_the_embedded_rows_are_those_of_X(autoencoder, X, path):
    contents = contents_of(explore(autoencoder, X, path))
    np.testing.assert_allclose(unpack(contents["rows"]), X, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(unpack(contents["rowNumbers"]), np.arange(40))


def test_rows_are_kept_in_float64_where_float32_would_show(autoencoder, X, path):
    X[:, 0] += 1e6
    contents = contents_of(explore(autoencoder, X, path))
    np.testing.assert_array_equal(unpack(contents["rows"]), X)


def test_weights_are_in_float32_where_that_serves(autoencoder, X, path):
    layer = contents_of(explore(autoencoder, X, path))["decoder"]["layers"][0]
    assert layer["weights"]["dtype"] == layer["bias"]["dtype"] == "float32"


def test_weights_are_in_float64_where_float32_would_show(X, path):
    autoencoder = AutoencoderTransformer(3, scale=None, **TINY).fit(X)
    # Two large terms all but cancel.
    autoencoder.intercepts_[-1][:] += 1e8
    autoencoder.skip_intercepts_[-1][:] -= 1e8
    layer = contents_of(explore(autoencoder, X, path))["decoder"]["layers"][0]
    assert layer["weights"]["dtype"] == "float64"


def test_variational_codes_are_the_means(X, path):
    vae = VariationalAutoencoderTransformer(2, **TINY).fit(X)
    contents = contents_of(explore(vae, X, path))
    np.testing.assert_array_equal(unpack(contents["codes"]), vae.transform(X))


def test_sparse_X_and_missing_cells_are_taken(X, path):
    X[0, 0] = np.nan
    autoencoder = AutoencoderTransformer(2, **TINY).fit(X)
    contents = contents_of(explore(autoencoder, sparse.csr_matrix(X), path))
    np.testing.assert_allclose(unpack(contents["rows"]), X, rtol=0, atol=1e-5)


@pytest.mark.parametrize("step", [StandardScaler(), MinMaxScaler()], ids=["standard", "minmax"])
def test_of_a_pipeline_rows_and_decoder_are_in_the_units_of_X(step, X, path):
    X = 100 * X + 1000
    pipeline = make_pipeline(step, AutoencoderTransformer(2, **TINY)).fit(X)
    contents = contents_of(explore(pipeline, X, path))
    np.testing.assert_allclose(unpack(contents["rows"]), X, rtol=1e-6)
    codes = unpack(contents["codes"])
    np.testing.assert_array_equal(codes, pipeline.transform(X))
    expected = pipeline.inverse_transform(codes)
    np.testing.assert_allclose(decode(contents["decoder"], codes), expected, rtol=1e-5)
    assert not contents["isAfterSteps"]


def test_of_a_pipeline_whose_steps_bend_rows_are_as_the_autoencoder_sees_them(X, path):
    frame = pd.DataFrame(np.exp(X), columns=list("abcde"))
    step = FunctionTransformer(np.log, np.exp, feature_names_out="one-to-one")
    pipeline = make_pipeline(step, AutoencoderTransformer(2, **TINY)).fit(frame)
    contents = contents_of(explore(pipeline, frame, path))
    np.testing.assert_allclose(unpack(contents["rows"]), X, rtol=0, atol=1e-5)
    assert contents["isAfterSteps"]
    assert contents["featureNames"] == list("abcde")


def test_more_rows_than_max_rows_are_drawn_with_the_seed(autoencoder, X, path):
    def numbers(**params):
        contents = contents_of(explore(autoencoder, X, path, y=np.arange(40), **params))
        index = unpack(contents["rowNumbers"])
        np.testing.assert_allclose(unpack(contents["rows"]), X[index], rtol=0, atol=1e-5)
        np.testing.assert_array_equal(unpack(contents["target"]["values"]), index)
        assert contents["nRows"] == 40
        return index.tolist()

    first = numbers(max_rows=10)
    assert len(set(first)) == 10
    assert first == sorted(first) == numbers(max_rows=10)
    assert first != numbers(max_rows=10, random_state=1)


def test_few_different_targets_are_classes_in_their_order(autoencoder, X, path):
    def target(values):
        packed = contents_of(explore(autoencoder, X, path, y=values))["target"]
        return packed["names"], unpack(packed["index"]).tolist()

    numbers = np.arange(40) % 12
    assert target(numbers) == ([str(i) for i in range(12)], numbers.tolist())
    assert target(numbers % 2 / 2)[0] == ["0", "0.5"]
    words = pd.Series(["no", "yes"] * 20)
    assert target(words) == (["no", "yes"], [0, 1] * 20)
    assert target(np.array([None, "b"] * 20, dtype=object))[0] == ["None", "b"]


def test_many_different_numbers_are_a_scale_however_many(autoencoder, X, path, rng):
    X, values = np.tile(X, (100, 1)), rng.permutation(100 * len(X))
    for target in (values, values / 7, pd.Series(values, dtype="float32")):
        packed = contents_of(explore(autoencoder, X, path, y=target, max_rows=40))["target"]
        assert packed["kind"] == "numbers"
        assert unpack(packed["values"]).shape == (40,)
    assert path.stat().st_size < 100_000


def test_as_many_classes_as_can_be_told_apart_are_taken(autoencoder, X, path):
    target = [f"class {i % 35}" for i in range(len(X))]
    assert len(contents_of(explore(autoencoder, X, path, y=target))["target"]["names"]) == 35


def test_sliders_reach_beyond_the_codes_but_not_beyond_the_activation(X, path):
    autoencoder = AutoencoderTransformer(
        2, code_activation="sigmoid", skip_connections=False, **TINY
    ).fit(X)
    autoencoder.coefs_[1] *= 100
    autoencoder.coefs_[1][:, 1] = 0
    contents = contents_of(explore(autoencoder, X, path))
    low, high = unpack(contents["limits"])
    codes = unpack(contents["codes"])
    assert np.all(low <= codes.min(axis=0))
    assert np.all(high >= codes.max(axis=0))
    assert low.min() >= 0
    assert high.max() <= 1
    # A unit that does not vary can be moved too.
    assert np.all(high - low > 0.5)


def test_the_projection_is_pca_of_the_codes(autoencoder, X, path):
    # Of rows whose codes lie away from 0.
    contents = contents_of(explore(autoencoder, X + 5, path))
    codes = unpack(contents["codes"])
    pca = PCA(2).fit(codes)
    projection = contents["projection"]
    cosines = np.abs(np.sum(unpack(projection["directions"]) * pca.components_, axis=1))
    np.testing.assert_allclose(cosines, 1)
    np.testing.assert_allclose(unpack(projection["shares"]), pca.explained_variance_ratio_)
    np.testing.assert_allclose(unpack(projection["mean"]), pca.mean_)


def test_two_units_need_no_projection(X, path):
    autoencoder = AutoencoderTransformer(2, **TINY).fit(X)
    assert contents_of(explore(autoencoder, X, path))["projection"] is None


def test_feature_names_come_from_the_argument_the_fit_or_are_numbered(X, path):
    def names(estimator, rows, **params):
        return contents_of(explore(estimator, rows, path, **params))["featureNames"]

    frame = pd.DataFrame(X, columns=list("abcde"))
    autoencoder = AutoencoderTransformer(2, **TINY).fit(frame)
    assert names(autoencoder, frame) == list("abcde")
    assert names(autoencoder, frame, feature_names=list("vwxyz")) == list("vwxyz")
    assert names(autoencoder.fit(X), X) == ["x0", "x1", "x2", "x3", "x4"]


def test_the_file_for_digits_is_small(digits, path):
    autoencoder = AutoencoderTransformer(max_iter=1, random_state=0).fit(digits)
    explore(autoencoder, digits, path, image_shape=(8, 8), y=np.arange(1797) % 10)
    assert path.stat().st_size < 600_000


HOSTILE = '</script><img src=x onerror="hacked=1"><!--&amp;\u2028'


def test_hostile_strings_stay_text(autoencoder, X, path):
    names = [HOSTILE, "<b>", "&lt;", "${hacked}", "$script"]
    explore(autoencoder, X, path, feature_names=names, y=[HOSTILE, "b"] * 20, title=HOSTILE)
    parser = ContentsParser(path)
    tags = [tag for tag, _ in parser.tags]
    assert tags.count("script") == 2
    assert "img" not in tags
    # Of "</script " and "<!--" browsers take more than this parser does.
    assert not set("<>&") & set(parser.scripts[0])
    contents = json.loads(parser.scripts[0])
    assert contents["featureNames"] == names
    assert contents["target"]["names"] == [HOSTILE, "b"]


def test_the_page_names_no_address_and_forbids_requests(autoencoder, X, path):
    parser = ContentsParser(explore(autoencoder, X, path))
    sources = [value for _, each in parser.tags for name, value in each.items() if name in LINKS]
    assert sources == ["data:,"]
    assert not re.search(r"(https?:)?//\w+\.\w+", path.read_text(encoding="utf-8"))
    assert any("default-src 'none'" in each.get("content", "") for _, each in parser.tags)


LINKS = {"src", "href", "action", "data", "srcset"}


@pytest.mark.parametrize("name", [*SCRIPTS, "style.css"])
def test_no_asset_can_end_its_element(name):
    assert "</" not in asset(name)


# ---- Writing and errors --------------------------------------------------------------------


def test_the_path_is_returned_and_text_will_do(autoencoder, X, path):
    assert explore(autoencoder, X, str(path)) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_file_that_is_there_is_replaced(autoencoder, X, path):
    path.write_text("old")
    explore(autoencoder, X, path)
    assert path.stat().st_size > 10_000
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="making links needs rights there")
def test_a_link_stays_a_link(autoencoder, X, path, tmp_path):
    path.symlink_to(tmp_path / "real.html")
    explore(autoencoder, X, path)
    assert path.is_symlink()
    assert (tmp_path / "real.html").stat().st_size > 10_000


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(autoencoder, X, path):
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        explore(autoencoder, X, path, title="\ud800")
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == [path.name]


@pytest.fixture
def no_work(monkeypatch):
    """Any work of explore is an error."""

    def refuse(*args):
        raise AssertionError("explore worked before it checked")

    monkeypatch.setattr(contents_module, "page_contents", refuse)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"y": np.zeros(39)}, r"y must have one value .* \(40,\). Got 39"),
        (
            {"y": [f"{i}" for i in range(40)]},
            "y has 40 classes, and 35 .* or y=None",
        ),
        ({"y": np.arange(40).astype(object)}, "y has 40 classes, and 35 .* pass numbers"),
        ({"image_shape": (2, 3)}, "image_shape must be"),
        ({"feature_names": ["a"]}, r"feature_names must have one name .* 5 features"),
        ({"feature_names": "abcde"}, "feature_names must have one name"),
        ({"max_rows": 0}, "max_rows"),
        ({"title": 3}, "title"),
        ({"random_state": "a"}, "random_state"),
    ],
)
def test_wrong_arguments_are_named(autoencoder, X, path, params, message):
    with pytest.raises(ValueError, match=message):
        explore(autoencoder, X, path, **params)
    assert not path.exists()


@pytest.mark.usefixtures("no_work")
def test_X_of_another_width_is_refused(autoencoder, X, path):
    with pytest.raises(ValueError, match="X has 4 features"):
        explore(autoencoder, X[:, :4], path)


def test_an_estimator_that_is_not_fitted_is_refused(X, path):
    with pytest.raises(NotFittedError):
        explore(AutoencoderTransformer(), X, path)


def test_what_is_no_autoencoder_is_refused(autoencoder, X, path):
    longer = make_pipeline(autoencoder, StandardScaler())
    with pytest.raises(TypeError, match=r"(?s)Got Pipeline.* up to the autoencoder, .*\[:-1\]"):
        explore(longer, X, path)


@pytest.mark.usefixtures("no_work")
def test_a_folder_that_does_not_exist_is_named(autoencoder, X, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'.*missing' first"):
        explore(autoencoder, X, tmp_path / "missing" / "page.html")


@pytest.mark.usefixtures("no_work")
def test_a_folder_is_no_file(autoencoder, X, tmp_path):
    with pytest.raises(IsADirectoryError, match="add the name of the file"):
        explore(autoencoder, X, tmp_path)


# ---- The decoder's script in node ----------------------------------------------------------


def decoded_in_node(cases):
    """The rows that the page's decoder makes of each case's codes."""
    return run_in_node(
        """
        const rows = ({ decoder, codes }) => {
          const [network, packed] = [unpackNetwork(decoder), unpack(codes)];
          const all = Array.from({ length: codes.shape[0] }, (_, i) => rowOf(packed, i));
          return all.map((code) => Array.from(decode(network, code)));
        };
        console.log(JSON.stringify(input.map(rows)));""",
        cases,
    )


def agrees(estimators, X):
    """Assert that the page decodes as each estimator does, to 1e-5 of the data's scale."""
    codes = [estimator.transform(X) for estimator in estimators]
    cases = [
        {"decoder": packed_decoder(each, each._networks()[1], own), "codes": packed(own)}
        for each, own in zip(estimators, codes, strict=True)
    ]
    for estimator, own, rows in zip(estimators, codes, decoded_in_node(cases), strict=True):
        expected = estimator.inverse_transform(own)
        error = np.abs(np.asarray(rows) - expected).max()
        assert error < 1e-5 * X.std(), estimator
        # The comparison would not see a decoder that gives the same row for every code.
        assert np.ptp(expected, axis=0).max() > 1e-3 * X.std(), estimator


@needs_node
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("skip_connections", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_page_decodes_as_inverse_transform(activation, skip_connections, dtype, rng):
    X = rng.uniform(0.1, 0.9, size=(30, 5)).astype(dtype)
    hidden = "tanh" if activation == "exp" else activation
    estimators = [
        AutoencoderTransformer(
            3,
            activation=hidden,
            output_activation=activation,
            skip_connections=skip_connections,
            scale=scale,
            **TINY,
        ).fit(X)
        for scale in (None, "common", "standard", "minmax")
    ]
    agrees(estimators, X)


@needs_node
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_page_adds_bounded_paths_before_the_output(dtype, rng):
    X = rng.uniform(0.1, 0.9, size=(30, 5)).astype(dtype)
    loss = {"loss": "binary_cross_entropy", "skip_connections": True}
    estimators = [
        AutoencoderTransformer(3, scale=scale, **loss, **TINY).fit(X) for scale in (None, "minmax")
    ]
    assert all(each._networks()[1].is_skip_inside for each in estimators)
    agrees(estimators, X)


@needs_node
def test_the_page_decodes_tied_and_variational_networks_and_no_hidden_layers(X):
    plain = {"max_iter": 1, "random_state": 0}
    estimators = [
        AutoencoderTransformer(3, tied_weights=True, **TINY),
        AutoencoderTransformer(3, tied_weights=True, skip_connections=False, **TINY),
        AutoencoderTransformer(3, hidden_layer_sizes=(), **plain),
        AutoencoderTransformer(3, decoder_layer_sizes=(9, 4), **TINY),
        VariationalAutoencoderTransformer(3, scale="standard", **TINY),
    ]
    agrees([each.fit(X) for each in estimators], X)


@needs_node
def test_the_page_decodes_features_that_do_not_vary(digits):
    """Their value is added to outputs that no scaling changes: integers had no type in the page."""
    X = digits[:100]
    estimators = [
        VariationalAutoencoderTransformer(2, loss="binary_cross_entropy", **TINY),
        AutoencoderTransformer(3, scale=None, **TINY),
        AutoencoderTransformer(3, **TINY),
    ]
    assert estimators[0].fit(X).is_constant_.any()
    agrees([each.fit(X) for each in estimators], X)


def predicted_in_node(estimator, X):
    """What the page's head predicts from the codes of rows."""
    codes = estimator.transform(X)
    case = {"head": packed_head(estimator, codes), "codes": packed(codes)}
    return np.array(
        run_in_node(
            """
            const [head, codes] = [unpackHead(input.head), unpack(input.codes)];
            const all = Array.from({ length: codes.shape[0] }, (_, i) => rowOf(codes, i));
            console.log(JSON.stringify(all.map((code) => Array.from(predict(head, code)))));""",
            case,
        )
    )


HEADS = [{}, {"head_layer_sizes": (5, 4)}, {"target_weight": 0}]


@needs_node
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("params", HEADS, ids=str)
def test_the_page_predicts_the_probabilities_of_classes(params, dtype, X):
    X, y = X.astype(dtype), np.digitize(X[:, 0], [9.5, 10.5])
    classifier = AutoencoderClassifier(2, **{**TINY, "max_iter": 20}, **params).fit(X, y)
    expected = classifier.predict_proba(X)
    # The comparison would not see a head that ignores the code.
    assert np.ptp(expected, axis=0).min() > 0.1
    np.testing.assert_allclose(predicted_in_node(classifier, X), expected, atol=1e-5)


@needs_node
def test_the_page_predicts_where_logits_have_no_exponential(X):
    classifier = AutoencoderClassifier(2, **TINY).fit(X, X[:, 0] > 10)
    classifier.target_intercepts_[-1][:] = 5000, 5001
    classifier.target_coefs_[-1][:] = 0
    expected = [1 / (1 + np.e), np.e / (1 + np.e)]
    np.testing.assert_allclose(predicted_in_node(classifier, X), np.tile(expected, (40, 1)))


@needs_node
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("params", HEADS, ids=str)
def test_the_page_predicts_values_in_the_units_of_y(params, n_outputs, X):
    y = 100 + 7 * X[:, :n_outputs]
    regressor = AutoencoderRegressor(2, **{**TINY, "max_iter": 20}, **params).fit(X, y)
    expected = regressor.predict(X)
    assert expected.std(axis=0).min() > 0.5
    np.testing.assert_allclose(predicted_in_node(regressor, X), expected, rtol=1e-5)


# ---- The page in a browser -----------------------------------------------------------------

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --force-device-scale-factor=1"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless browser that logs its console and its requests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    exceptions = pytest.importorskip("selenium.common.exceptions")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    folder = tmp_path_factory.mktemp("profile")
    for flag in [*FLAGS.split(), f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    try:
        chromium = webdriver.Chrome(options=options, service=service)
    except exceptions.SessionNotCreatedException as error:
        pytest.skip(f"chromium and chromedriver do not work together: {error.msg}")
    yield chromium
    chromium.quit()


class Page:
    """A page in a browser; closing it checks that it was silent."""

    def __init__(self, browser, path, width=1400, scheme="light", touch=False):
        self.browser, self.url = browser, path.as_uri()
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": touch}
        scheme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.command("Emulation.setDeviceMetricsOverride", **size)
        self.command("Emulation.setTouchEmulationEnabled", enabled=touch)
        self.command("Emulation.setEmulatedMedia", **scheme)
        browser.get(self.url)

    def command(self, name, **params):
        return self.browser.execute_cdp_cmd(name, params)

    def run(self, expression):
        """Value of an expression, once the page has drawn what was scheduled."""
        # Put into the script as it stands: the page's policy allows no eval.
        return self.browser.execute_async_script(
            "const done = arguments[0];"
            f"requestAnimationFrame(() => requestAnimationFrame(() => done({expression})));"
        )

    def numbers(self, expression):
        return np.array(self.run(f"Array.from({expression})"), dtype=float)

    def find(self, selector):
        return self.browser.find_element("css selector", selector)

    def press(self, selector, *keys):
        self.find(selector).send_keys(*keys)

    def pixels(self, name):
        """Levels of all canvas pixels, row by row."""
        # A copy is read: the browser warns of reading a canvas that is drawn on often.
        read = """(canvas => {
            const { width, height } = canvas;
            const context = new OffscreenCanvas(width, height).getContext("2d");
            context.drawImage(canvas, 0, 0);
            return context.getImageData(0, 0, width, height).data;
        })"""
        return self.numbers(f"{read}(document.getElementById({name!r}))").reshape(-1, 4)

    def place(self, expression):
        """A place on the scatter, in pixels of the window; scrolls there."""
        self.run("document.getElementById('scatter').scrollIntoView({block: 'center'})")
        box = "document.getElementById('scatter').getBoundingClientRect()"
        return self.numbers(f"[{box}.left, {box}.top]") + self.numbers(expression)

    def mouse(self, kind, place):
        button = {"button": "left", "buttons": 1, "clickCount": 1}
        x, y = map(float, place)
        self.command("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **button)

    def touch(self, kind, place=None):
        points = [] if place is None else [{"x": float(place[0]), "y": float(place[1])}]
        self.command("Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=points)

    def messages(self):
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def requests(self):
        """Addresses asked for since the last call, but for the tab that the browser opens first."""
        entries = [json.loads(e["message"]) for e in self.browser.get_log("performance")]
        events = [each["message"] for each in entries]
        requests = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
        # That tab's are "chrome://new-tab-page" and "chrome-untrusted://new-tab-page".
        return [
            request["request"]["url"]
            for request in requests
            if not request["documentURL"].startswith("chrome")
        ]


@pytest.fixture(scope="module")
def image_model(digits):
    return AutoencoderTransformer(2, max_iter=5, random_state=0).fit(digits)


@pytest.fixture(scope="module")
def image_path(image_model, digits, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "digits.html"
    target = np.arange(1797) % 10
    return explore(image_model, digits, path, y=target, image_shape=(8, 8), max_rows=60)


@pytest.fixture
def open_page(chromium):
    """Open pages; at the end, see that none wrote to the console or asked for anything else."""
    pages = []

    def open_page(path, **params):
        pages.append(Page(chromium, path, **params))
        return pages[-1]

    yield open_page
    assert pages[-1].messages() == []
    # "data:" is what the page holds.
    asked = {url for url in pages[-1].requests() if not url.startswith("data:")}
    assert asked == {page.url for page in pages}


@pytest.fixture
def image_page(open_page, image_path):
    return open_page(image_path)


RIGHT = "\ue014"
DOWN = "\ue015"
ENTER = "\ue007"


def test_moving_a_slider_draws_what_inverse_transform_returns(image_page, image_model, digits):
    page = image_page
    before = page.numbers("state.code")
    page.press("#unit-1", RIGHT * 30)
    code = page.numbers("state.code")
    assert code[0] == before[0]
    assert code[1] > before[1]
    expected = image_model.inverse_transform(code[np.newaxis])[0]
    np.testing.assert_allclose(page.numbers("state.output"), expected, atol=1e-5 * digits.std())
    levels = np.round(255 * np.clip(expected, 0, 1))
    pixels = page.pixels("output")
    assert np.abs(pixels[:, :3] - levels[:, np.newaxis]).max() <= 1
    assert pixels[:, 3].min() == 255


def test_the_row_is_drawn_beside_it_and_can_be_inverted(image_page, digits):
    page = image_page
    row = page.run("rowNumbers[state.row]")
    levels = np.round(255 * digits[row])
    assert np.abs(page.pixels("original")[:, 0] - levels).max() <= 1
    page.find("#invert").click()
    assert np.abs(page.pixels("original")[:, 0] - (255 - levels)).max() <= 1


def test_the_difference_is_orange_above_and_blue_below(image_page):
    page = image_page
    difference = page.numbers("state.output") - page.numbers("rowOf(rows, state.row)")
    red, _, blue = page.pixels("difference")[:, :3].T
    is_visible = np.abs(difference) > 0.02
    assert np.all((red > blue)[is_visible] == (difference > 0)[is_visible])


def test_errors_of_the_row_are_shown(image_page, image_model, digits):
    page = image_page
    own = image_model.reconstruction_error(digits)[page.run("rowNumbers[state.row]")]
    assert float(page.find("#own-error").text) == pytest.approx(own, rel=1e-3)
    assert page.find("#moved-error").text == page.find("#own-error").text
    page.press("#unit-0", RIGHT * 20)
    row = digits[page.run("rowNumbers[state.row]")]
    moved = np.mean((row - page.numbers("state.output")) ** 2)
    page.run("0")
    assert float(page.find("#moved-error").text) == pytest.approx(moved, rel=1e-3)
    assert page.find("#moved-error").text != page.find("#own-error").text


def test_reset_brings_the_code_of_the_row_back(image_page):
    page = image_page
    before = page.numbers("state.code")
    page.press("#unit-0", RIGHT * 20)
    assert page.numbers("state.code")[0] != before[0]
    page.press("#reset", ENTER)
    np.testing.assert_array_equal(page.numbers("state.code"), before)
    value = float(page.find("#unit-0").get_attribute("value"))
    # A slider stands on the nearest of its steps.
    assert value == pytest.approx(
        before[0], abs=page.run("(limits.values[2] - limits.values[0]) / 200")
    )


def lonely_row(page):
    """Number of the mark that is farthest from all others and from the cross."""
    places = page.numbers("rowPlaces(scatterFrame()).flat()").reshape(-1, 2)
    distances = np.linalg.norm(places[:, np.newaxis] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    distances[:, page.run("state.row")] -= 60
    return int(distances.min(axis=1).argmax())


def test_a_click_on_a_mark_chooses_its_row(image_page):
    page = image_page
    row = lonely_row(page)
    place = page.place(f"rowPlaces(scatterFrame())[{row}]") + 2
    page.mouse("Pressed", place)
    page.mouse("Released", place)
    assert page.run("state.row") == row
    np.testing.assert_array_equal(page.numbers("state.code"), page.numbers(f"rowOf(codes, {row})"))
    number = page.run(f"rowNumbers[{row}]")
    assert page.find("#row").get_attribute("value") == str(number)
    assert page.find("#chosen").text == f"Row {number}, y {number % 10}"


def drag_goal(page):
    """From the cross to a place that its sliders allow, both in pixels of the window."""
    page.run("chooseRow(0)")
    start = page.place("codePlace(scatterFrame())")
    middle = page.numbers("(f => [(f.left + f.right) / 2, (f.top + f.bottom) / 2])(scatterFrame())")
    offset = start - page.numbers("codePlace(scatterFrame())")
    return start, middle + offset, middle


def test_the_cross_can_be_dragged(image_page):
    page = image_page
    start, end, goal = drag_goal(page)
    page.mouse("Pressed", start)
    page.mouse("Moved", (start + end) / 2)
    page.mouse("Moved", end)
    page.mouse("Released", end)
    assert page.run("state.row") == 0
    np.testing.assert_allclose(page.numbers("codePlace(scatterFrame())"), goal, atol=0.1)


def test_touch_chooses_rows_and_drags_the_cross(open_page, image_path):
    page = open_page(image_path, width=400, touch=True)
    row = lonely_row(page)
    page.touch("Start", page.place(f"rowPlaces(scatterFrame())[{row}]"))
    page.touch("End")
    assert page.run("state.row") == row
    start, end, goal = drag_goal(page)
    scrolled = page.run("scrollY")
    page.touch("Start", start)
    for share in (0.25, 0.5, 1):
        page.touch("Move", start + share * (end - start))
    page.touch("End")
    np.testing.assert_allclose(page.numbers("codePlace(scatterFrame())"), goal, atol=1)
    assert page.run("scrollY") == scrolled


def test_arrow_keys_go_from_row_to_row_on_the_scatter(image_page):
    page = image_page
    for key, axis, sign in ((RIGHT, 0, 1), (DOWN, 1, 1)):
        before = page.numbers("rowPlaces(scatterFrame())[state.row]")
        page.press("#scatter", key)
        after = page.numbers("rowPlaces(scatterFrame())[state.row]")
        assert sign * (after - before)[axis] > 0


def test_rows_are_chosen_by_number_and_by_buttons(image_page):
    page = image_page
    numbers = page.numbers("rowNumbers")
    page.run("document.getElementById('row').value = ''")
    page.press("#row", "1000", ENTER)
    nearest = np.abs(numbers - 1000).argmin()
    assert page.run("state.row") == nearest
    said = f"Row {numbers[nearest]:.0f}, the nearest stored row to 1000, y"
    assert page.find("#chosen").text.startswith(said)
    page.press("#next", ENTER)
    assert page.run("state.row") == nearest + 1
    page.press("#previous", ENTER, ENTER)
    assert page.run("state.row") == nearest - 1


def test_a_class_can_be_singled_out(image_page):
    page = image_page
    marks = "document.getElementById('scatter').toDataURL()"
    before = page.run(marks)
    button = page.find("#legend button:nth-child(4)")
    button.click()
    assert page.run("state.singledOut") == 3
    assert button.get_attribute("aria-pressed") == "true"
    assert page.run(marks) != before
    button.click()
    assert page.run("state.singledOut") is None


@pytest.fixture
def table_path(X, path):
    """Bars, hostile names, a missing cell, more units than two, a numeric target."""
    X[0, 1] = np.nan
    autoencoder = AutoencoderTransformer(3, **TINY).fit(X)
    names = [HOSTILE, "x" * 200, "c", "d", "e"]
    return explore(autoencoder, X, path, feature_names=names, y=X[:, 2], title=HOSTILE)


def test_bars_show_the_decoded_and_the_own_value(open_page, table_path, X):
    page = open_page(table_path)
    page.press("#unit-2", RIGHT * 10)
    page.run("0")
    cells = [each.text for each in page.browser.find_elements("css selector", ".bar .number")]
    decoded, own = cells[::2], cells[1::2]
    output = page.numbers("state.output")
    np.testing.assert_allclose(np.array(decoded, float), output, rtol=1e-3)
    assert own[1] == "missing"
    np.testing.assert_allclose(np.array(own[:1] + own[2:], float), X[0, [0, 2, 3, 4]], rtol=1e-3)


def test_hostile_strings_are_shown_and_not_run(open_page, table_path):
    page = open_page(table_path)
    assert page.find("h1").get_attribute("textContent") == HOSTILE
    assert page.find(".bar:nth-child(2) .name").get_attribute("textContent") == HOSTILE
    assert page.run("typeof hacked") == "undefined"


def test_the_axes_can_be_chosen_among_components_units_and_error(open_page, table_path):
    page = open_page(table_path)
    options = page.browser.find_elements("css selector", "#up option")
    names = [option.text for option in options]
    assert [re.sub(r" \(.*", "", name) for name in names] == [
        *("PCA 1", "PCA 2", "Code 0", "Code 1", "Code 2", "Error")
    ]
    assert page.run("canDrag()") is True
    page.find("#across").send_keys("Code 2")
    page.find("#up").send_keys("Error")
    np.testing.assert_array_equal(
        page.numbers("axes[state.across].places"), page.numbers("codes.values").reshape(-1, 3)[:, 2]
    )
    assert page.run("axes[state.up].places") == page.run("ownErrors")
    assert page.run("canDrag()") is False


def test_dragging_along_components_moves_the_cross_there(open_page, table_path):
    page = open_page(table_path)
    before = page.numbers("[0, 1].map((a) => axes[a].place(state.code, 0))")
    step = page.numbers("[0, 1].map((a) => 0.05 * (axes[a].range[1] - axes[a].range[0]))")
    page.run(f"moveAlongAxes({step[0]}, {step[1]})")
    after = page.numbers("[0, 1].map((a) => axes[a].place(state.code, 0))")
    np.testing.assert_allclose(after - before, step, rtol=1e-6)


@pytest.mark.parametrize("number", ["0", "1"])
def test_the_moved_cross_stays_inside_where_its_error_is_above_all_others(
    number, open_page, table_path
):
    page = open_page(table_path)
    n_axes = int(page.run("axes.length"))
    page.run(f"(byId('up').value = {n_axes - 1}, byId('up').dispatchEvent(new Event('change')))")
    page.run(f"setCode(rowOf(limits, {number}).map((value) => 3 * value))")
    assert page.run("movedError() > axes[state.up].range[1]")
    top = page.numbers("codePlace(scatterFrame())")[1]
    assert 15 <= top < page.run("scatterFrame().bottom") - 15


def test_many_features_are_shown_a_hundred_at_a_time(open_page, rng, path):
    X = rng.normal(size=(10, 150))
    autoencoder = AutoencoderTransformer(1, **TINY).fit(X)
    page = open_page(explore(autoencoder, X, path))
    bars = "document.querySelectorAll('.bar:not(.head)').length"
    assert page.run(bars) == 100
    page.find("#more").click()
    assert page.run(bars) == 150
    assert not page.find("#more").is_displayed()


@pytest.mark.parametrize("width", [320, 400, 1400])
def test_nothing_overflows_sideways(open_page, image_path, table_path, width):
    for path in (image_path, table_path):
        page = open_page(path, width=width)
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        assert page.run(
            "[...document.querySelectorAll('main *')].every((each) => {"
            "const { left, right } = each.getBoundingClientRect();"
            "return left >= 0 && right <= document.documentElement.clientWidth + 0.5; })"
        )


def luminance(colour):
    """Relative luminance of "rgb(r, g, b)", as WCAG defines it."""
    levels = np.array(re.findall(r"[\d.]+", colour)[:3], dtype=float) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(open_page, image_path, scheme):
    page = open_page(image_path, scheme=scheme)
    panel = luminance(
        page.run("getComputedStyle(document.querySelector('section')).backgroundColor")
    )
    assert (panel > 0.5) == (scheme == "light")
    for selector in ("h2", ".hint", "button", ".more", ".less"):
        style = f"getComputedStyle(document.querySelector({selector!r}))"
        low, high = sorted([panel, luminance(page.run(f"{style}.color"))])
        assert (high + 0.05) / (low + 0.05) > 4.5, selector


def test_the_scatter_follows_a_change_from_light_to_dark(open_page, image_path):
    page = open_page(image_path)
    assert page.run("cssColour('--panel')") == "#ffffff"
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    page.command("Emulation.setEmulatedMedia", **dark)
    assert page.run("cssColour('--panel')") == "#1b2025"


def test_missing_pixels_are_transparent(open_page, digits, path):
    X = digits[:50].copy()
    X[0, 3] = np.nan
    autoencoder = AutoencoderTransformer(2, **TINY).fit(X)
    page = open_page(explore(autoencoder, X, path, image_shape=(8, 8)))
    for name in ("original", "difference"):
        np.testing.assert_array_equal(page.pixels(name)[:, 3] == 0, np.arange(64) == 3)
    assert page.pixels("output")[:, 3].min() == 255


def test_colour_images_are_drawn_in_colour(open_page, rng, path):
    X = rng.random((20, 18))
    autoencoder = AutoencoderTransformer(2, **TINY).fit(X)
    page = open_page(explore(autoencoder, X, path, image_shape=(3, 2, 3)))
    low, high = X.min(), X.max()
    levels = np.round(255 * (X[0] - low) / (high - low)).reshape(6, 3)
    assert np.abs(page.pixels("original")[:, :3] - levels).max() <= 1


def moved_code(page):
    page.press("#unit-0", RIGHT * 60)
    return page.numbers("state.code")


def shown(page):
    """The predictions from the row's own code and from the moved one."""
    page.run("0")
    return [page.find(f"#{code}-prediction").text for code in ("own", "moved")]


def test_the_page_says_which_class_the_moved_code_is_given(open_page, X, path):
    y = np.array([HOSTILE, "b"])[(X[:, 0] > 10).astype(int)]
    classifier = AutoencoderClassifier(2, **{**TINY, "max_iter": 20}).fit(X, y)
    page = open_page(explore(classifier, X, path), width=400)

    def text(logits):
        best = logits.argmax()
        probability = 1 / np.exp(logits - logits[best]).sum()
        return f"{classifier.classes_[best]} ({100 * probability:.4g} %)"

    def logits(code):
        return code @ classifier.target_coefs_[0] + classifier.target_intercepts_[0]

    own = logits(page.numbers("state.code"))
    assert own.argmax() == (classifier.predict(X[:1]) == "b")
    moved = logits(moved_code(page))
    assert shown(page) == [text(own), text(moved)]
    assert text(own) != text(moved)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_the_page_says_which_values_the_moved_code_stands_for(n_outputs, open_page, X, path):
    regressor = AutoencoderRegressor(2, **{**TINY, "max_iter": 20}).fit(X, X[:, :n_outputs])
    page = open_page(explore(regressor, X, path))
    code = moved_code(page)
    scaled = code @ regressor.target_coefs_[0] + regressor.target_intercepts_[0]
    moved = scaled * regressor.target_scale_ + regressor.target_mean_
    for text, expected in zip(shown(page), (regressor.predict(X[:1])[0], moved), strict=True):
        numbers = re.sub(r"y\d ", "", text).split(", ")
        np.testing.assert_allclose(np.array(numbers, float), np.ravel(expected), rtol=1e-3)
    assert shown(page)[0] != shown(page)[1]


def test_without_a_target_nothing_is_said_to_be_predicted(image_page):
    assert not image_page.find("#predictions").is_displayed()
