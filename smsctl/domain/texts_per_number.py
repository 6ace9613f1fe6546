"""The rule against very many texts to one number: a switchboard's, in hundreds of rows."""

from smsctl.domain.rules import Refusal, Rule
from smsctl.errors import say


def per_number(messages: int, most: int) -> Refusal:
    """Return the refusal of a mailing that sends one number very many texts, as a switchboard's would get."""
    return Refusal(
        rule=Rule.PER_NUMBER,
        sentence=say(
            "One number would get {messages} texts; max_messages_per_number allows {most}.",
            messages=messages,
            most=most,
        ),
        hint=say("Is it a switchboard's? Send one text to each number with: {command}", command=""),
        flags=("--one-per-number",),
    )
