"""The check of the floors finds what it is there to find."""

import unittest

import ward  # noqa: F401  (puts scripts/ on the path)
import floors


def package(name, *dependencies, kind=None):
    return {"name": name, "dependencies": [{"name": each, "kind": kind} for each in dependencies]}


class Floors(unittest.TestCase):
    def test_what_the_plan_allows_passes(self):
        self.assertEqual(floors.find_breaches([package("service", "models", "proto", "tonic-health", "serde")]), [])

    def test_an_arrow_that_is_not_in_the_plan_is_named(self):
        self.assertEqual(floors.find_breaches([package("models", "proto")]),
                         ["models must not use our crate proto: the floors have no such arrow."])

    def test_a_whole_family_stays_behind_its_seam(self):
        self.assertEqual(len(floors.find_breaches([package("models", "tokio-stream"), package("service", "ort")])), 2)

    def test_a_name_that_only_begins_alike_is_not_of_the_family(self):
        self.assertEqual(floors.find_breaches([package("service", "imageproc")]), [])

    def test_tests_may_reach_further(self):
        self.assertEqual(floors.find_breaches([package("service", "image", kind="dev")]), [])

    def test_a_new_crate_needs_a_floor(self):
        self.assertIn("without a floor", floors.find_breaches([package("attic")])[0])


if __name__ == "__main__":
    unittest.main()
