"""The short form of `tests/soak/run power_cut`: six power cuts."""

import os

import kill9


def test_six_power_cuts_lose_nothing(tmp_path):
    result = kill9.power_cut(os.environ["MERIDIAN_BUILD_DIR"], tmp_path, repeats=6, seed=7, finish_within_s=30)
    print(kill9.words_of(result))
    assert result["passed"], kill9.words_of(result)
    assert result["acknowledged"] > 10
