"""What is saved comes back to the last bit; what is damaged or hostile is refused."""

import copy
import io
import json
import os
import pickle
import sys
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
from equality import assert_same
from ids import without_addresses
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skautoencoder
from skautoencoder import (
    LBFGS,
    SGD,
    AutoencoderClassifier,
    AutoencoderTransformer,
    ConstantSchedule,
    ContractivePenalty,
    CosineSchedule,
    GaussianNoise,
    KLSparsity,
    L1Sparsity,
    MaskingNoise,
    Muon,
    OneCycleSchedule,
    SwapNoise,
    VariationalAutoencoderTransformer,
    load_model,
    reconstruction_scores,
    save_model,
    trusted_types,
)
from skautoencoder._category_encoding import ColumnEncoder
from skautoencoder._normal_scores import NormalScores
from skautoencoder.network.component import Component
from skautoencoder.persistence.trusted_search_types import search_types
from skautoencoder.utils import saved_version as _versions
from skautoencoder.utils.data_frames import ColumnType

skops_io = pytest.importorskip("skops.io", reason="saving needs skops, of the extra 'io'")

SCORES = "skautoencoder._callbacks.reconstruction_scores"
SMALL = {"n_components": 2, "hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}

MODELS = [
    AutoencoderTransformer(**SMALL),
    AutoencoderTransformer(**SMALL, skip_connections=False, tied_weights=True, early_stopping=True),
    AutoencoderTransformer(**SMALL, tied_weights=True, solver="muon"),
    AutoencoderTransformer(**SMALL, solver="shampoo", decoder_layer_sizes=(4, 3)),
    AutoencoderTransformer(**SMALL, loss="binary_cross_entropy", scale="minmax", solver=SGD()),
    AutoencoderTransformer(**SMALL, solver=LBFGS(memory=3), decoder_layer_sizes=(4, 3)),
    AutoencoderTransformer(
        **SMALL,
        solver=Muon(),
        learning_rate=OneCycleSchedule(),
        corruption=MaskingNoise(value="mean"),
        code_penalty=KLSparsity(),
    ),
    AutoencoderTransformer(
        **{**SMALL, "random_state": np.random.RandomState(3)},
        learning_rate=ConstantSchedule(),
        corruption=SwapNoise(),
        code_penalty=ContractivePenalty(),
    ),
    AutoencoderTransformer(**SMALL, code_penalty=L1Sparsity(), corruption=GaussianNoise()),
    VariationalAutoencoderTransformer(**SMALL, learning_rate=CosineSchedule(warmup=0.2)),
    VariationalAutoencoderTransformer(**SMALL, loss="binary_cross_entropy", scale="minmax"),
]


@pytest.fixture
def X(rng):
    return rng.normal(size=(30, 5))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skops"


def through_skops(model, path):
    skops_io.dump(model, path)
    return skops_io.load(path, trusted=trusted_types())


def through_save_model(model, path):
    save_model(model, path)
    return load_model(path)


def through_joblib(model, path):
    joblib.dump(model, path)
    return joblib.load(path)


def through_pickle(model, path):
    return pickle.loads(pickle.dumps(model))


WAYS = [through_skops, through_save_model, through_joblib, through_pickle]


class TestRoundTrips:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("model", MODELS, ids=without_addresses)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_every_variant_comes_back_to_the_last_bit_and_trains_on(
        self, way, model, dtype, X, path
    ):
        fitted = clone(model).fit(X.astype(dtype))
        again = way(fitted, path)
        assert_same(vars(fitted), vars(again))
        assert_same(fitted.reconstruct(X), again.reconstruct(X))
        for each in (fitted, again):
            each.set_params(warm_start=True).fit(X.astype(dtype))
        assert_same(fitted.coefs_, again.coefs_)

    @pytest.mark.parametrize("way", WAYS)
    def test_unfitted_estimators_and_names_of_features_come_back_too(self, way, X, path):
        assert_same(vars(MODELS[0]), vars(way(MODELS[0], path)))
        frame = pd.DataFrame(X, columns=list("abcde"))
        again = way(clone(MODELS[0]).fit(frame), path)
        assert list(again.feature_names_in_) == list("abcde")

    @pytest.mark.parametrize("way", WAYS)
    def test_an_estimator_of_layer_weights_comes_back(self, way, path):
        given = [np.ones((2, 5)), np.ones((4, 3))]
        fitted = AutoencoderTransformer.from_layer_weights(given, n_components=2)
        assert_same(vars(fitted), vars(way(fitted, path)))

    @pytest.mark.parametrize("way", WAYS)
    def test_pipelines_and_what_a_search_has_found_come_back(self, way, X, path):
        columns = ColumnTransformer(
            [("a", clone(MODELS[0]), [0, 1, 2]), ("b", clone(MODELS[-1]), [3, 4])]
        )
        pipeline = make_pipeline(StandardScaler(), columns, LogisticRegression())
        search = GridSearchCV(pipeline, {"columntransformer__a__alpha": [0, 0.1]}, cv=2)
        best = search.fit(X, X[:, 0] > 0).best_estimator_
        again = way(best, path)
        assert_same(best.predict_proba(X), again.predict_proba(X))

    def test_a_fitted_estimator_can_be_saved_under_other_parameters(self, X, path):
        fitted = clone(MODELS[0]).fit(X).set_params(n_components=3, hidden_layer_sizes=9)
        assert_same(vars(fitted), vars(through_save_model(fitted, path)))

    def test_skops_trusts_all_public_types_that_have_parameters(self):
        public = (getattr(skautoencoder, name) for name in skautoencoder.__all__)
        types = [each for each in public if isinstance(each, type) and hasattr(each, "get_params")]
        assert {f"{each.__module__}.{each.__qualname__}" for each in types} <= {*trusted_types()}

    def test_skops_trusts_no_more_of_this_package_than_its_estimators_and_their_parts(self):
        assert len(trusted_types()) == len({*trusted_types()})
        for name in {*trusted_types()} - search_types() - {SCORES}:
            module, _, attribute = name.rpartition(".")
            assert module.startswith("skautoencoder.")
            kinds = (BaseEstimator, Component, ColumnEncoder, ColumnType, NormalScores)
            assert issubclass(getattr(sys.modules[module], attribute), kinds)

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"scoring": "accuracy", "cv": ShuffleSplit(2, random_state=0)},
            {"scoring": ["neg_log_loss", "f1_macro"], "refit": "f1_macro"},
            {"scoring": reconstruction_scores, "refit": "explained_variance", "cv": KFold(2)},
        ],
        ids=["default", "splitter", "metrics", "reconstruction"],
    )
    def test_a_fitted_search_comes_back_without_further_types(self, params, X, path):
        classifier = AutoencoderClassifier(2, hidden_layer_sizes=5, max_iter=2, random_state=0)
        grid = {"n_components": [2, 3]}
        search = GridSearchCV(classifier, grid, **{"cv": None, **params}).fit(X, X[:, 0] > 0)
        again = through_save_model(search, path)
        assert again.best_params_ == search.best_params_
        assert again.cv_results_.keys() == search.cv_results_.keys()
        assert_same(search.predict_proba(X), again.predict_proba(X))

    def test_types_of_others_are_not_trusted(self):
        class Own(skautoencoder.Adam):
            pass

        assert not any(name.endswith("Own") for name in trusted_types())

    def test_another_version_warns(self, X, path, monkeypatch):
        fitted = clone(MODELS[0]).fit(X)
        with monkeypatch.context() as patch:
            patch.setattr(_versions, "__version__", "0.0.9")
            save_model(fitted, path)
        with pytest.warns(UserWarning, match="was saved by skautoencoder '0.0.9'"):
            again = load_model(path)
        assert_same(vars(fitted), vars(again))


class TestSaving:
    def test_a_file_is_replaced_whole_or_not_at_all(self, X, path, monkeypatch):
        save_model(MODELS[0], path)
        before = path.read_bytes()

        def fail(*args):
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            save_model(clone(MODELS[0]).fit(X), path)
        assert path.read_bytes() == before
        assert [each.name for each in path.parent.iterdir()] == [path.name]

    def test_what_could_not_be_loaded_is_not_saved(self, X, path):
        class Own(AutoencoderTransformer):
            pass

        pipelines = [
            make_pipeline(FunctionTransformer(lambda X: X), MODELS[0]),
            make_pipeline(Own()),
        ]
        for pipeline in pipelines:
            with pytest.raises(ValueError, match=r"itself\. .* pass trusted=\['test_pers"):
                save_model(pipeline, path)
        broken = clone(MODELS[0]).fit(X)
        broken.coefs_[0][0, 0] = np.nan
        with pytest.raises(ValueError, match="AutoencoderTransformer cannot be saved: coefs_ are"):
            save_model(broken, path)
        with pytest.raises(ValueError, match="list cannot be saved: a list instead of an est"):
            save_model([], path)
        assert not path.exists()

    def test_further_types_are_trusted_where_both_sides_name_them(self, X, path):
        forest = make_pipeline(clone(MODELS[0]), RandomForestClassifier(3)).fit(X, X[:, 0] > 0)
        trusted = ["sklearn.tree._tree.Tree"]
        save_model(forest, path, trusted=trusted)
        assert_same(forest.predict(X), load_model(path, trusted=trusted).predict(X))
        assert "sklearn.tree._tree.Tree" in refusal(path)

    def test_without_skops_it_is_said_what_to_install(self, path, monkeypatch):
        monkeypatch.setitem(sys.modules, "skops.io", None)
        for call in (lambda: save_model(MODELS[0], path), lambda: load_model(path)):
            with pytest.raises(ImportError, match=r"pip install 'skautoencoder\[io\]'"):
                call()


@pytest.fixture
def fitted(X):
    return clone(MODELS[0]).fit(X)


def rewrite(path, change=None, members=(), compression=zipfile.ZIP_STORED):
    """Change the schema of a skops file, replace or add members."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    if change is not None:
        schema = json.loads(content["schema.json"])
        content["schema.json"] = json.dumps(change(schema) or schema)
    content.update(members)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def refusal(path):
    """The message with which a file is refused."""
    with pytest.raises(ValueError, match="holds no model that can be used") as info:
        load_model(path)
    message = str(info.value)
    assert path.name in message
    assert "Nothing of it was run" in message
    assert message.isprintable()
    assert len(message) < 800
    # The path has the name of the test in it.
    return message.replace(str(path), "")


def outcome(path):
    """The model, or None, and the message with which the file is refused."""
    try:
        return load_model(path), ""
    except ValueError as error:
        return None, str(error)


def array_names(path):
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if name.endswith(".npy")]


class TestDamage:
    def test_files_cut_short_or_with_a_changed_byte_are_refused_and_never_misread(
        self, fitted, path
    ):
        save_model(fitted, path)
        content = path.read_bytes()
        rng = np.random.default_rng(0)
        n_refused = 0
        for trial in range(400):
            damaged = bytearray(content)
            if trial % 4 == 0:
                damaged = damaged[: rng.integers(len(damaged))]
            else:
                position = rng.integers(len(damaged))
                damaged[position] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            again, message = outcome(path)
            if again is None:
                assert "holds no model that can be used" in message
                n_refused += 1
            else:
                # A time stamp or the like: all that the estimator is made of is as it was.
                assert_same(vars(fitted), vars(again))
        assert n_refused > 300

    def test_files_with_a_changed_schema_are_refused_or_make_a_consistent_estimator(
        self, fitted, path, X
    ):
        # Whoever forges a file also writes its checksums.
        save_model(fitted, path)
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            schema = archive.read("schema.json")
        rng = np.random.default_rng(0)
        n_refused = 0
        for _ in range(300):
            forged = bytearray(schema)
            for position in rng.integers(len(schema), size=rng.integers(1, 4)):
                forged[position] = rng.choice(list(b'0123456789"{}[],:.aeZ_ \x00\xff'))
            path.write_bytes(content)
            rewrite(path, members={"schema.json": bytes(forged)})
            again, message = outcome(path)
            if again is None:
                assert "holds no model that can be used" in message
                n_refused += 1
            else:
                assert again.transform(X).shape == (30, 2)
        assert n_refused > 150

    def test_arrays_of_other_numbers_and_shapes_are_refused(self, fitted, path):
        rng = np.random.default_rng(0)
        names = array_names_of(fitted, path)
        content = path.read_bytes()
        for name in names:
            for forged in (
                b"",
                b"\x93NUMPY\x01\x00\xff\xff",
                npy(np.full(3, np.nan)),
                npy(np.array([["a", "b"]])),
                npy(rng.normal(size=(7, 11))),
                npy(np.ones(2**10, dtype=">f8")),
                npy_header((10**6, 10**6, 10**6)),
                npy_header((10**9,)),
            ):
                path.write_bytes(content)
                rewrite(path, members={name: forged})
                refusal(path)

    @pytest.mark.parametrize(
        "content", [b"", b"PK", b"text", pickle.dumps({"a": 1}), 1000 * b"\0"], ids=len
    )
    def test_files_of_another_kind_are_refused(self, content, path):
        path.write_bytes(content)
        refusal(path)

    def test_a_missing_file_is_a_missing_file(self, path):
        with pytest.raises(FileNotFoundError):
            load_model(path)


def array_names_of(model, path):
    save_model(model, path)
    return array_names(path)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_header(shape):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"shape": shape, "fortran_order": False, "descr": "<f8"}
    )
    return stream.getvalue()


class Hostile:
    """Runs code when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def node(loader, name, **parts):
    module, _, cls = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": cls, **parts}


def value(content):
    return node("JsonNode", "builtins.str", content=json.dumps(content), is_json=True)


def sequence(loader, *content):
    kind = {"ListNode": "builtins.list", "TupleNode": "builtins.tuple"}[loader]
    return node(loader, kind, content=list(content))


def attacks(target):
    """Parts of a schema that would make the directory `target`, were they made."""
    arguments = sequence("TupleNode", value(target))
    keys = sequence("ListNode", node("TypeNode", "os.mkdir"))
    nothing = node("DictNode", "builtins.dict", content={}, key_types=sequence("ListNode"))
    path = node("ConstructorFromReduceNode", "pathlib.PosixPath", content=arguments)
    partial = {"func": node("FunctionNode", "os.mkdir"), "args": arguments}
    estimator = "skautoencoder._transformer.AutoencoderTransformer"
    return [
        node("ConstructorFromReduceNode", "os.mkdir", content=arguments),
        node("ConstructorFromReduceNode", "subprocess.Popen", content=arguments),
        node("DictNode", "builtins.dict", content={target: value(1)}, key_types=keys),
        node("FunctionNode", "os.mkdir"),
        node("ListNode", "os.mkdir", content=[value(target)]),
        node("ObjectNode", "pathlib.Path", content=value(None)),
        node("MethodNode", "pathlib.PosixPath", content={"func": "mkdir", "obj": path}),
        node("MethodNode", estimator, content={"func": "fit", "obj": node("ObjectNode", estimator)}
        ),
        node("OperatorFuncNode", "operator.methodcaller", attrs=sequence("TupleNode", value("a"))),
        node("PartialNode", "functools.partial", content={**partial, "kwds": nothing,
             "namespace": nothing}),
        node("TypeNode", "os.mkdir"),
        node("NdArrayNode", "os.mkdir", type="numpy", file="1.npy"),
        node("UnknownNode", "os.mkdir"),
        node("CachedNode", "os.mkdir", __id__=1),
        node("BytesNode", "builtins.bytes", file="../../etc/passwd"),
        node("ObjectNode", "skautoencoder.network.solver_base.Solver", content=value(None)),
        value({"verbose": 1}),
    ]  # fmt: skip


class TestHostility:
    @pytest.mark.parametrize("number", range(len(attacks(""))))
    @pytest.mark.parametrize("place", ["model", "parameter", "attribute"])
    def test_what_would_run_code_is_refused_and_nothing_is_run(
        self, number, place, fitted, path, tmp_path
    ):
        marker = tmp_path / "ran"
        attack = attacks(str(marker))[number]

        def plant(schema):
            if place == "model":
                return {**attack, "protocol": schema["protocol"]}
            name = {"parameter": "solver", "attribute": "coefs_"}[place]
            schema["content"]["content"][name] = attack
            return schema

        save_model(fitted, path)
        rewrite(path, plant)
        refusal(path)
        assert not marker.exists()

    def test_a_pickle_within_is_refused_and_runs_nothing(self, fitted, path, tmp_path):
        marker = tmp_path / "ran"
        array = np.empty(1, dtype=object)
        array[0] = Hostile(marker)
        for forged in (npy(array), pickle.dumps(Hostile(marker))):
            for name in array_names_of(fitted, path):
                rewrite(path, members={name: forged})
                refusal(path)
                assert not marker.exists()

    def test_a_compressed_file_which_could_hide_any_size_is_refused(self, fitted, path):
        save_model(fitted, path)
        bomb = {array_names(path)[0]: npy(np.zeros(10**6))}
        rewrite(path, members=bomb, compression=zipfile.ZIP_DEFLATED)
        assert "compressed" in refusal(path)

    def test_members_that_overlap_are_refused(self, fitted, path):
        save_model(fitted, path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("large", 10**5 * b"0")
            for number in range(5):
                copied = copy.copy(archive.infolist()[-1])
                copied.filename = str(number)
                archive.filelist.append(copied)
        assert "larger than itself" in refusal(path)

    def test_parts_that_double_again_and_again_are_refused_at_once(self, fitted, path):
        """Were they not, this would take longer than anyone waits."""

        def plant(schema):
            part = value(0)
            for number in range(1, 60):
                part = {**sequence("ListNode", part, {"__id__": number - 1}), "__id__": number}
            schema["content"]["content"]["solver"] = part

        save_model(fitted, path)
        rewrite(path, plant)
        assert "repeated" in refusal(path)

    def test_an_array_that_many_parts_hold_is_refused(self, fitted, path):
        def plant(schema):
            attributes = schema["content"]["content"]
            held = {k: v for k, v in attributes["mean_"].items() if k != "__id__"}
            attributes["coefs_"]["content"] += [held, held]

        save_model(fitted, path)
        rewrite(path, plant)
        assert "repeated" in refusal(path)

    def test_a_part_that_contains_itself_is_refused(self, fitted, path):
        def plant(schema):
            loop = {**sequence("ListNode", {"__id__": 7}), "__id__": 7}
            schema["content"]["content"]["solver"] = loop

        save_model(fitted, path)
        rewrite(path, plant)
        assert "contains itself" in refusal(path)

    def test_endless_nesting_is_refused(self, fitted, path):
        save_model(fitted, path)
        rewrite(path, members={"schema.json": 100_000 * "["})
        refusal(path)

    def test_a_file_that_names_other_files_writes_none(self, fitted, path):
        save_model(fitted, path)
        rewrite(path, members={"../outside": b"text"})
        load_model(path)
        assert {each.name for each in path.parent.rglob("*")} == {path.name}
        assert not (path.parent.parent / "outside").exists()

    def test_what_a_file_says_of_itself_is_shown_short_and_harmless(self, fitted, path):
        def plant(schema):
            schema["content"]["content"]["solver"] = node("TypeNode", "\x1b[31m" + 999 * "x.")

        save_model(fitted, path)
        rewrite(path, plant)
        refusal(path)


def set_item(name, index, new):
    def change(estimator):
        getattr(estimator, name)[index] = new

    return change


def set_attribute(name, new):
    def change(estimator):
        setattr(estimator, name, new)

    return change


def give_muon_a_momentum_of_biases(estimator):
    """As long as another array of its state, but not as this one."""
    n_biases = sum(map(len, estimator.intercepts_ + estimator.skip_intercepts_))
    biases = np.zeros(n_biases, estimator.mean_.dtype)
    estimator._solver_state = {"step": 1, "momentum": biases, "second": biases}


def remove(name):
    def change(estimator):
        delattr(estimator, name)

    return change


ZEROS = np.zeros(5)

INCONSISTENT = {
    "no list": (set_attribute("coefs_", ZEROS), "coefs_ are not a list"),
    "no layers": (set_attribute("coefs_", []), "intercepts_ are too many"),
    "nothing": (remove("mean_"), r"missing: \['mean_'\]"),
    "other width": (set_item("coefs_", 0, np.ones((5, 4))), "widths do not match"),
    "other input": (set_item("coefs_", 1, np.ones((4, 2))), "do not make a network"),
    "empty": (set_item("coefs_", 1, np.ones((0, 2))), "widths do not match"),
    "other dtype": (set_item("coefs_", 1, np.ones((3, 2), "f4")), "not finite matrices"),
    "integers": (set_item("coefs_", 0, np.ones((5, 3), int)), "not of float32 or float64"),
    "infinite": (set_item("intercepts_", 0, np.full(3, np.inf)), "not finite vectors"),
    "another path": (set_item("skip_coefs_", 0, np.ones((4, 2))), "do not fit the network"),
    "half the paths": (set_attribute("skip_intercepts_", []), "too many or too few"),
    "no code": (set_attribute("_n_encoder_layers", 4), "there is no code"),
    "wrong code": (set_attribute("_n_encoder_layers", 3), "skip_coefs_ do not fit"),
    "unknown activation": (set_item("activations_", 0, "sine"), "activations_ are not"),
    "another output": (set_attribute("output_activation_", "tanh"), "output_activation_ is not"),
    "layers": (set_attribute("n_layers_", 3), "n_layers_ is not"),
    "ties": (set_attribute("_has_tied_weights", True), "tied weights are not the same"),
    "bounds": (set_attribute("_has_bounded_skips", 1), "_has_bounded_skips is not a bool"),
    "features": (set_attribute("n_features_in_", 4), "do not make a network"),
    "shift": (set_attribute("shift_", np.zeros(4)), "shift_ is not a finite number for each"),
    "scale": (set_attribute("scale_", ZEROS), "scale_ is not positive"),
    "mirrored": (set_attribute("scale_", -np.ones(5)), "scale_ is not positive"),
    "far output": (set_item("intercepts_", -1, np.full(5, 1e200)), "lead to infinite numbers"),
    "products": (
        set_attribute("skip_coefs_", [np.full((5, 2), 1e90), np.full((2, 5), 1e90)]),
        "lead to infinite numbers",
    ),
    "far shift": (set_attribute("shift_", np.full(5, 1e200)), "lead to infinite numbers"),
    "half a scaling": (set_attribute("shift_", None), "shift_ and scale_ do not belong together"),
    "mean": (set_attribute("mean_", "mean"), "mean_ is not a finite number"),
    "names": (set_attribute("feature_names_in_", ZEROS), "feature_names_in_ are not names"),
    "count": (set_attribute("n_iter_", -1), "n_iter_ is not a count"),
    "curve": (set_attribute("loss_curve_", ["1"]), "a loss curve is not"),
    "best": (set_attribute("best_loss_", "1"), "best_loss_ is not a number"),
    "kept": (set_attribute("kept_", "best"), "kept_ is none of its values"),
    "reason": (set_attribute("stop_reason_", ["max_iter"]), "stop_reason_ is none of its"),
    "width": (set_attribute("n_components_", 1), "n_components_ is not the width of the code"),
    "share": (set_attribute("n_components", 1.0), "'n_components' parameter"),
    "state": (set_attribute("_solver_state", {"step": 1, "first": ZEROS}), "'first' does not fit"),
    "step": (set_attribute("_solver_state", {"step": 0.5}), "step is no count"),
    "muon": (give_muon_a_momentum_of_biases, "'momentum' does not fit"),
    "parameter": (set_attribute("solver", "newton"), "'solver' parameter"),
    "component": (set_attribute("solver", SGD(momentum=7)), "'momentum' parameter"),
}


@pytest.mark.parametrize(("change", "problem"), INCONSISTENT.values(), ids=INCONSISTENT)
def test_attributes_that_do_not_fit_together_are_refused(change, problem, fitted, path):
    change(fitted)
    skops_io.dump(make_pipeline(StandardScaler(), fitted), path)
    with pytest.raises(ValueError, match=problem):
        load_model(path)


@pytest.mark.parametrize("scale", ["auto", "standard", "minmax"])
@pytest.mark.parametrize("unit", [1e-30, 1, 1e18])
def test_what_a_fit_has_made_of_values_of_any_size_can_be_saved(scale, unit, X, path):
    """What is asked of the numbers in a file holds for every network that training ends with."""
    X = (unit * X).astype(np.float32)
    for model in (AutoencoderTransformer, VariationalAutoencoderTransformer):
        fitted = model(**SMALL, scale=scale, learning_rate_init=1e-3).fit(X)
        assert_same(fitted.transform(X), through_save_model(fitted, path).transform(X))


VARIATIONAL = {
    "code variance": (set_item("code_variance_", 0, -1.0), "code_variance_ is not"),
    "noise variance": (set_attribute("noise_variance_", 0.0), "noise_variance_ is not"),
    "no noise": (set_attribute("noise_variance_", 1e-300), "noise_variance_ is not"),
}


@pytest.mark.parametrize(("change", "problem"), VARIATIONAL.values(), ids=VARIATIONAL)
def test_variances_that_are_none_are_refused(change, problem, X, path):
    model = VariationalAutoencoderTransformer(**SMALL).fit(X)
    change(model)
    skops_io.dump(model, path)
    with pytest.raises(ValueError, match=problem):
        load_model(path)
