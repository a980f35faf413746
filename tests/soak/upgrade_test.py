"""What tests/soak/run rolling_upgrade reads of records in Redis, and how it judges them."""

import pytest
import upgrade_faults
from stored_records import Stored, numbers_in, stored_of


def test_numbers_are_found_between_texts_and_fixed_ones():
    message = b"\x08\x02" b"\x12\x03\x08\x01a" b"\x21--------" b"\x2d----" b"\xe8\x01\xac\x02"
    assert numbers_in(message) == {1: 2, 29: 300}
    assert stored_of(message, 29) == Stored(2, 300)
    assert stored_of(b"\x08\x01", 29) == Stored(1, 0)
    with pytest.raises(IndexError):
        numbers_in(b"\x08")


def test_a_record_that_lost_the_field_is_found():
    before = {"agent": {b"ana": Stored(2, 5), b"eva": Stored(2, 5), b"leo": Stored(2, 5), b"ida": Stored(1, 0)}}
    after = {"agent": {b"ana": Stored(1, 5), b"eva": Stored(2, 7), b"ida": Stored(1, 0)}}
    assert upgrade_faults.lost_fields(before, after) == []
    assert upgrade_faults.written_in(after, 1) == {"agent": 1}
    assert upgrade_faults.written_in(after, 2) == {"agent": 1}
    for worse in (Stored(1, 0), Stored(2, 4)):
        after["agent"][b"eva"] = worse
        assert len(upgrade_faults.lost_fields(before, after)) == 1
