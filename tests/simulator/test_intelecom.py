"""Puzzel's sendMessages, as protocols.md 2.2-2.9 has it."""



from tests.simulator.conftest import Client

SAMPLE_REQUEST = """{
  "serviceId": 4711,
  "username": "demo-user",
  "password": "demo-secret",
  "batchReference": "smsctl-20260301-a1",
  "message": [
    {
      "recipient": "+46701740605",
      "content": "Testmeddelande från kommunen.",
      "clientReference": "a1-000001",
      "settings": {
        "priority": 2,
        "validity": 173,
        "originatorSettings": {"originator": "Kommunen", "originatorType": "ALPHANUMERIC"},
        "parameter": [{"key": "parsing-type", "value": "AUTO_DETECT"}]
      }
    },
    {"recipient": "+46701740606", "content": "Testmeddelande.", "clientReference": "a1-000002"}
  ]
}"""


def test_the_documents_sample_is_accepted_and_answered_in_its_shape(client: Client) -> None:
    response = client.ask(
        "POST",
        "/gw/rs/sendMessages",
        SAMPLE_REQUEST,
        Content_Type="application/json",
        Accept="application/json",
    )

    answer = response.json()
    ids = [status.pop("messageId") for status in answer["messageStatus"]]
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert answer == {
        "batchReference": "smsctl-20260301-a1",
        "messageStatus": [
            {
                "statusCode": 1,
                "statusMessage": "Message enqueued for sending",
                "clientReference": f"a1-00000{index}",
                "recipient": f"+4670174060{4 + index}",
                "sessionId": None,
                "sequenceIndex": index,
            }
            for index in (1, 2)
        ],
    }
    assert len(set(ids)) == 2
    assert {len(i) for i in ids} == {12}
