"""The threat catalogues as shipped."""

from collections import Counter

from buttress.risks.threats import threat_catalogue


def test_counts_by_catalogue():
    assert Counter(entry.catalogue for entry in threat_catalogue().values()) == {
        "bsi": 47,
        "attack": 46,
        "veris": 10,
        "nist-800-30": 12,
        "enisa": 7,
    }


def test_each_entry_has_a_label_and_techniques_stand_under_a_tactic():
    entries = threat_catalogue()
    assert [entry.key for entry in entries.values() if not entry.label] == []
    techniques = [entry for entry in entries.values() if entry.key.startswith("attack:T1")]
    assert len(techniques) == 31
    assert [entry.key for entry in techniques if f"attack:{entry.parent}" not in entries] == []


def test_elementary_threats_keep_their_tens():
    assert threat_catalogue()["bsi:G0.10"].id == "G0.10"
