import pytest

from tests.policy.sweep.space import every
from tests.policy.sweep.whole import PARTS, drawn, seed, shards

PART = "alibaba_1688"


def test_a_draw_of_the_fact_space_is_decided_as_the_pages_say(sample):
    sample(PARTS[PART], drawn(PART), seed())


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(shards(PART)))
def test_the_whole_fact_space_is_decided_as_the_pages_say(sweep, shard):
    sweep(every(PARTS[PART], shard, shards(PART)))
