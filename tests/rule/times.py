"""Time: periods begin and end in the report's zone, also where clocks are changed; ties and late arrivals."""

from rule.story import Case, Chapter, Submission, does

ANN = {"tenant": "acme", "id": "u1", "name": "Ann"}


def at(occurred: str, **more: str) -> Submission:
    """Ann plays a call."""
    return does(ANN, "play", "calls", occurred_at=occurred, **more)


# Reports run at nine in the morning (UTC) of Wednesday, 1 December 2021.
CHAPTER = Chapter(
    events={
        # The 14th of March has 23 hours in New York: midnight is 05:00 UTC, the next one 04:00.
        "march_before": at("2021-03-14T04:59:59.999999Z"),
        "march_first": at("2021-03-14T05:00:00Z"),
        "march_last": at("2021-03-15T03:59:59.999999Z"),
        "march_after": at("2021-03-15T04:00:00Z"),
        # The 31st of October has 25 hours in Berlin: midnight is 22:00 UTC, the next one 23:00; 02:30 comes twice.
        "october_before": at("2021-10-30T21:59:59.999999Z"),
        "october_first": at("2021-10-31T00:00:00+02:00"),
        "october_half_past_two": at("2021-10-31T00:30:00Z"),
        "october_half_past_two_again": at("2021-10-31T01:30:00Z"),
        "october_last": at("2021-10-31T22:59:59.999999Z"),
        "october_after": at("2021-10-31T23:00:00Z"),
        # The 30th of December 2011 was left out in Samoa.
        "samoa_last_of_29": at("2011-12-30T09:59:59.999999Z"),
        "samoa_first_of_31": at("2011-12-30T10:00:00Z"),
        # Recorded a day late, and more than a day late; three at one instant.
        "a_day_late": at("2021-11-05T12:00:00Z", received="2021-11-06T12:00:00Z"),
        "over_a_day_late": at("2021-11-06T12:00:00Z", received="2021-11-07T12:00:00.000001Z"),
        "tie_one": at("2021-11-17T14:07:00Z"),
        "tie_two": at("2021-11-17T14:07:00Z"),
        "tie_three": at("2021-11-17T15:07:00+01:00"),
        # The end of November, in Berlin and in UTC.
        "november_in_utc": at("2021-11-30T23:30:00Z"),
        "this_morning": at("2021-12-01T08:00:00Z"),
    },
    cases=[
        Case("A day of 23 hours.", "during:2021-03-14", "march_first march_last", zone="America/New_York"),
        Case("That day of March in UTC.", "during:2021-03-14", "march_before march_first"),
        Case(
            "A day of 25 hours; where the clock shows a time twice, the offset is shown.",
            "during:2021-10-31",
            "october_first october_half_past_two october_half_past_two_again october_last",
            zone="Europe/Berlin",
            shows={
                "october_half_past_two": {"date_time": "Oct 31, 2021, 2:30 AM +02:00", "date": "Oct 31, 2021"},
                "october_half_past_two_again": {"date_time": "Oct 31, 2021, 2:30 AM +01:00", "time": "2:30 AM +01:00"},
                "october_last": {"date_time": "Oct 31, 2021, 11:59 PM", "time": "11:59 PM"},
            },
        ),
        Case(
            "That day of October in UTC.",
            "during:2021-10-31",
            "october_half_past_two october_half_past_two_again october_last october_after",
            shows={"october_half_past_two": {"date_time": "Oct 31, 2021, 12:30 AM"}},
        ),
        Case(
            "Until a day includes the day, all 25 hours of it.",
            "since:2021-10-30 until:2021-10-31",
            "october_before october_first october_half_past_two october_half_past_two_again october_last",
            zone="Europe/Berlin",
        ),
        Case(
            "Since a moment includes it, until a moment does not.",
            "since:2021-10-31T00:00:00+02:00 until:2021-10-31T01:30:00Z",
            "october_first october_half_past_two",
        ),
        Case(
            "One hour of the two, by its offset.",
            "since:2021-10-31T02:00+01:00 until:2021-10-31T03:00+01:00",
            "october_half_past_two_again",
            zone="Europe/Berlin",
        ),
        Case("A day that never was has no events.", "during:2011-12-30", "", zone="Pacific/Apia"),
        Case("The day before it.", "during:2011-12-29", "samoa_last_of_29", zone="Pacific/Apia"),
        Case("The day after it.", "during:2011-12-31", "samoa_first_of_31", zone="Pacific/Apia"),
        Case("That day elsewhere.", "during:2011-12-30", "samoa_last_of_29 samoa_first_of_31"),
        Case(
            "Last month, in UTC; what came in over a day late is counted, a day late is not.",
            "during:last-month",
            "a_day_late over_a_day_late tie_one tie_two tie_three november_in_utc",
            late=1,
            shows={
                "tie_one": {"date_time": "Nov 17, 2021, 2:07 PM", "date": "Nov 17, 2021", "time": "2:07 PM"},
                "november_in_utc": {"date": "Nov 30, 2021"},
            },
        ),
        Case(
            "Last month begins and ends an hour earlier in Berlin.",
            "during:last-month",
            "october_after a_day_late over_a_day_late tie_one tie_two tie_three",
            zone="Europe/Berlin",
        ),
        Case(
            "And today begins an hour earlier there.",
            "during:today",
            "november_in_utc this_morning",
            zone="Europe/Berlin",
            shows={"november_in_utc": {"date_time": "Dec 1, 2021, 12:30 AM", "date": "Dec 1, 2021"}},
        ),
        Case("Today in UTC.", "during:today", "this_morning"),
        Case("The last seven days.", "since:-7d", "november_in_utc this_morning"),
        Case("What was recorded more than a day late.", "is:late", "over_a_day_late", late=1),
        Case(
            "Ties stay in the order in which they were recorded.",
            "during:2021-11-17",
            "tie_one tie_two tie_three",
        ),
        Case("A year, with late arrivals in their place.", "during:2021-11 by:Ann until:2021-11-06",
             "a_day_late over_a_day_late"),
    ],
)  # fmt: skip
