"""Names and titles; test_phases.py has what each accuracy is of."""

from nlgan_tf.evaluation.baselines.registry import BASELINES
from nlgan_tf.pipeline.accuracies import FROZEN_PEERS, PEERS, by_name, titles

METRICS = {
    "accuracy_served": 0.97,
    "accuracy_nlgan": 0.95,
    "accuracy_noisy": 0.8,
    "accuracy_clean": 0.99,
    "peers": {"svc": 0.96, "early-stopped": 0.8},
    "precision": "float32",
    "settings": {"alpha": 5.0},
}


def test_accuracies_alone_are_taken_and_peers_have_a_prefix():
    accuracies = {name: value for name, value in METRICS.items() if name.startswith("accuracy")}
    assert by_name(METRICS) == {**accuracies, "peers.svc": 0.96, "peers.early-stopped": 0.8}
    assert by_name({"settings": {}}) == {}


def test_titles_come_served_first_then_parts_then_peers_then_true_labels():
    assert list(titles(by_name(METRICS))) == [
        "accuracy_served",
        "accuracy_nlgan",
        "peers.svc",
        "peers.early-stopped",
        "accuracy_clean",
    ]
    assert titles(["peers.svc"]) == {"peers.svc": "A: SVC"}


def test_the_noisy_labels_classifier_is_listed_where_no_peer_is_the_same():
    assert "accuracy_noisy" in titles(["accuracy_noisy", "peers.svc"])
    assert "accuracy_noisy" not in titles(["accuracy_noisy", "peers.early-stopped"])


def test_every_peer_is_a_registered_baseline():
    assert {*PEERS, *FROZEN_PEERS} <= BASELINES.keys()
    assert {name for name in FROZEN_PEERS if BASELINES[name].frozen} == {*FROZEN_PEERS}
    assert not any(BASELINES[name].frozen for name in PEERS)
