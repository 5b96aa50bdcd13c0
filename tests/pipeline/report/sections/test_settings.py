import json
import shutil

from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.report.sections import settings


def test_settings_versions_and_seconds(facts):
    chosen, versions, seconds, all_settings = settings.blocks(facts)
    rows = dict(chosen.rows)
    assert rows["size"] == "40"
    assert rows["purities"] == "pi_p 0.700, pi_n 0.850, as stated"
    assert rows["stage two"] == f"{RunConfig().stage_two.epochs} epochs"
    assert versions.rows == [("keras", "9.9.9")]
    assert seconds.rows == [("data", "1.5"), ("stage_one", "2.0"), ("all", "3.5")]
    assert seconds.marked == [2]
    assert json.loads(all_settings.text) == json.loads(json.dumps(RunConfig(size=40).settings()))


def test_the_precision_is_the_one_that_was_used(spoiled_run, spoiled_facts):
    assert dict(settings.blocks(spoiled_facts())[0].rows)["precision"] == RunConfig().precision == "float32"
    (spoiled_run / "metrics.json").write_text(json.dumps({"precision": "bfloat16", "settings": {}}))
    assert dict(settings.blocks(spoiled_facts())[0].rows)["precision"] == "bfloat16"


def test_what_the_folder_lacks_is_left_out(spoiled_run, spoiled_facts):
    (spoiled_run / "config.json").write_text(RunConfig(size=None).to_json())
    (spoiled_run / "timings.json").unlink()
    shutil.rmtree(spoiled_run / "saved_models")
    found = settings.blocks(spoiled_facts())
    assert [getattr(block, "caption", None) for block in found] == ["Settings", None]
    assert dict(found[0].rows)["size"] == "all images"
