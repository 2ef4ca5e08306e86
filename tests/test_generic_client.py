"""A client that knows only the address learns both services by reflection and calls them."""

import base64
import unittest

import ward
from reflected import Refused

CHAT = [
    ("ann", "are you coming to training today?"),
    ("ben", "yes, at five. can you bring the map we talked about?"),
    ("ann", "sure, see you there with the others"),
]


class GenericClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ward = ward.Ward()
        cls.addClassCleanup(cls.ward.stop)
        cls.client = cls.ward.client()
        cls.addClassCleanup(cls.client.close)
        cls.photo = base64.b64encode(ward.PHOTO.read_bytes()).decode()

    def test_services_and_methods_are_listed(self):
        self.assertLessEqual({ward.AGE, ward.GROOMING, ward.HEALTH}, set(self.client.services()))
        self.assertEqual(self.client.methods(ward.AGE), ["CheckAge", "EstimateAge", "EstimateAgeStream"])
        self.assertEqual(self.client.methods(ward.GROOMING),
                         ["ScoreConversation", "ScoreMessages", "WatchConversations"])

    def test_health_is_told_for_each_service(self):
        for service in ("", ward.AGE, ward.GROOMING):
            with self.subTest(service=service):
                self.assertEqual(self.client.call(ward.HEALTH, "Check", {"service": service})["status"], "SERVING")

    def test_a_photo_gives_an_age(self):
        answer = self.client.call(ward.AGE, "EstimateAge", {"request_id": "one", "image": self.photo,
                                                            "thresholds": [16, 60]})
        self.assertEqual(answer["request_id"], "one")
        self.assertEqual(len(answer["faces"]), 1)
        face = answer["faces"][0]
        self.assertEqual(len(face["landmarks"]), 5)
        # The face of the portrait lies in its upper middle: 512 by 512 pixels.
        box = face["box"]
        self.assertTrue(150 < box["x"] + box["width"] / 2 < 300 and 50 < box["y"] + box["height"] / 2 < 200, box)
        estimate = face["estimate"]
        self.assertTrue(18 < estimate["age_years"] < 60, estimate)
        self.assertLessEqual(estimate["interval"]["low"], estimate["age_years"])
        self.assertGreaterEqual(estimate["interval"]["high"], estimate["age_years"])
        self.assertEqual([over["age"] for over in estimate["over"]], [16, 60])
        self.assertGreater(estimate["over"][0]["probability"], estimate["over"][1]["probability"])
        self.assert_says_who_and_how_long(answer)

    def test_a_check_decides_without_telling_the_age(self):
        answer = self.client.call(ward.AGE, "CheckAge", {"image": self.photo, "policy_name": "over-13"})
        self.assertIn(answer["outcome"], {"OUTCOME_PASS", "OUTCOME_REFER"})
        self.assertEqual(len(answer["policy_sha256"]), 64)
        self.assertNotIn("estimate", answer)
        self.assert_says_who_and_how_long(answer)

    def test_messages_are_scored_in_their_order(self):
        answer = self.client.call(ward.GROOMING, "ScoreMessages", {"messages": turns()})
        self.assertEqual([result["message_id"] for result in answer["results"]], ["0", "1", "2"])
        for result in answer["results"]:
            self.assertTrue(0 <= result["risk"] <= 1)
            self.assertEqual(len(result["signals"]), 12)
        self.assert_says_who_and_how_long(answer)

    def test_a_conversation_has_a_risk(self):
        answer = self.client.call(ward.GROOMING, "ScoreConversation", {"conversation_id": "c", "messages": turns()})
        self.assertEqual(answer["conversation_id"], "c")
        self.assertEqual(answer["state"], "STATE_NONE")
        self.assertLess(answer["risk"], 0.5)
        self.assertEqual([each["message_id"] for each in answer["message_risks"]], ["0", "1", "2"])
        self.assert_says_who_and_how_long(answer)

    def test_watched_conversations_are_kept_apart(self):
        requests = [{"conversation_id": conversation, "message": turn, "update_mode": "UPDATE_MODE_EVERY_MESSAGE"}
                    for turn in turns() for conversation in ("left", "right")]
        updates = self.client.stream(ward.GROOMING, "WatchConversations", requests)
        for conversation in ("left", "right"):
            seen = [update["message_id"] for update in updates if update["conversation_id"] == conversation]
            self.assertEqual(seen, ["0", "1", "2"])

    def test_a_refusal_names_reason_and_field(self):
        with self.assertRaises(Refused) as caught:
            self.client.call(ward.AGE, "EstimateAge", {"image": ""})
        refused = caught.exception
        self.assertEqual((refused.code, refused.reason, refused.fields), ("INVALID_ARGUMENT", "IMAGE_EMPTY", ["image"]))

    def assert_says_who_and_how_long(self, answer):
        self.assertEqual(len(answer["model"]["sha256"]), 64)
        self.assertLessEqual({"queue", "prepare", "infer"}, set(answer["timings"]))


def turns():
    """CHAT as messages."""
    return [{"message_id": str(number), "author_id": author, "text": text}
            for number, (author, text) in enumerate(CHAT)]


if __name__ == "__main__":
    unittest.main()
